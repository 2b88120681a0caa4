from quayline import counters


def test_invoice_numbers_count_up(tmp_path):
    path = tmp_path / "last-invoice"
    assert [counters.next_invoice(path) for _ in range(3)] == [1, 2, 3]
