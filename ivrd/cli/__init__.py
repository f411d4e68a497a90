"""The commands and what they print.

    main.py           the table of commands; imports a command's module when it is chosen
    options.py        options that several commands share
    failure.py        how a command says that it failed
    client.py         asks a running ivrd
    run.py            `ivrd run`
    configuration.py  `ivrd render`, `reload`
    check.py          `ivrd check`
    service_user.py   what the daemon's user may read and write
    status.py         `ivrd status`
    top.py            `ivrd top`
    dashboard.py      the picture that both show
    seats.py          `ivrd seats`
    handover.py       `ivrd handover`
    partners.py       `ivrd partner`, `explain`
    drill.py          `ivrd partner drill`
    reports.py        `ivrd report`, `audit`
    partner_tables.py, day_table.py   what partners.py and reports.py print

Commands that only ask a running ivrd import neither pydantic nor anything of the daemon's:
tests/cli/test_imports.py.
"""
