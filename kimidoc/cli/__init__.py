"""The command line: one file per command, and the only room that uses typer.

    main       the process: errors -> exit codes, interrupts, crash reports
    app        the group of commands, each loaded when it is used; help as plain text
    options    the options that commands share, in groups
    groups     how groups become parameters and settings
    streams    results to stdout, everything else to stderr; colour, progress
    output     which report goes where; gates decides the exit code after it is written
    questions  --questions files
    analyze ask pack sessions models playbooks doctor      the commands

May import every room below it. Nothing here imports torch, transformers or numpy at module level,
and no command module is imported before its command runs: ``kimidoc --help`` stays under 0.3 s.

To add a command: 1. write ``cli/<name>.py`` with ``app = new_app()`` and one decorated function
(or several: then it is a group); 2. name it with its one line in ``app.COMMANDS``; 3. add its
options to ``options`` only where a second command shares them; 4. test it in ``tests/cli/`` with a
real process; 5. regenerate the help in the README (``tests/cli/test_help_in_readme.py``).
"""
