"""YAML in, checked settings out.

    load.py            the whole folder: `load`
    files.py           its files, each read               agreement.py  held against one another
    control_socket.py  one key of it, for the commands that only ask a running ivrd
    settings.py        what comes out, frozen
    problem.py         what is wrong, with file, line and key: `ConfigError`
    yamlfile.py        a file's values and their lines     model.py   held against a model
    field_types.py     what a single value may be         effect.py  what its change waits for
    main.py, asterisk.py, menus.py, queues.py, hours.py, partners.py, prompts.py, store.py   models
    secret.py          secrets' files                      sounds.py  prompts' files

To add a setting: give it a field in the model of its file and in `Settings` or the core object
that it ends in.  A value of a new form gets a `FieldType` in field_types.py.  Its mark
(effect.py) has what a changed value waits for: a reload, or a restart.

Nothing is imported here, so that a command pays only for the modules that it names.
"""
