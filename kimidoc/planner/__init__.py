"""Will it fit, how long will it take, and what would it cost elsewhere: before anything runs.

    machine     cores, memory that is really free (a container's limit counts), disk, this process
    anatomy     the facts of a checkpoint that sizes follow from, off its config and headers
    predict     every formula: tokens -> bytes in memory and on disk, seconds
    calibrate   a few seconds of the real checkpoint in a process of its own, kept as JSON
    prices      what the same tokens cost at API list prices; the figures are in ``prices.toml``
    verdict     does it fit; if not, which option to change; the check before every prefill
    plan        all of the above for one window

May import types, errors, config, pack, kvcache.session, models and engine. Importing it loads no
torch: ``calibrate`` alone runs a model, and it does so in a child process.

To predict one more thing:

1. add the fact it follows from to ``anatomy.Anatomy`` or ``predict.Layout``;
2. write its formula in ``predict`` with its unit in the name, and nowhere else;
3. compare it with a real tiny run in ``tests/planner/test_predict.py``;
4. show it in ``cli/plan.py``.
"""
