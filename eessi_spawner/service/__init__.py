"""THE HUB SERVICE: people search EESSI and keep their environments, on pages and by an API.

A tornado application beside JupyterHub, which logs its users in: `python -m eessi_spawner.service` runs it as a
service that the hub manages. `question.py` reads what was asked, `answers.py` and `grid.py` answer from the catalogue,
`chosen.py` checks an environment, `pools.py` says what runs on the hub's node pools, `page.py` writes HTML: these are
functions of values. What reads or writes is `catalogue_keeper.py` (the catalogue's file), `hub_facts.py` (what the hub
told, in memory), `metrics.py` (counters), `store/` (the database) and `handlers/` (HTTP).

The spawner does not need it: servers start while it is away.
"""
