"""FROM FORM TO SERVER: the spawners, what they offer, what was chosen.

`offers.py` and `choice.py` decide and are pure; `form.py` shows the offers; `stack_cache.py` keeps what was
read of the stack; `rejection.py` says no in JupyterHub's way; `mixin.py` has what every spawner of ours
shares, `local.py` the one for hubs of real users on one machine.
"""
