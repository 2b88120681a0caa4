// The list of the passenger's own bookings.

const pounds = (pence) => `£${(pence / 100).toFixed(2)}`;

export function showBookings(list, rows) {
  list.innerHTML = "";
  for (const row of rows) {
    const item = document.createElement("li");
    item.innerHTML = `<strong>${row.reference}</strong> ${row.passenger}
      <span class="quiet">${row.departs} from ${row.quay}, ${pounds(row.pence)}</span>`;
    list.append(item);
  }
}
