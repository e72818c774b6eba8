"""THE COMMAND `eessi-spawner`, one file a subcommand.

Each has `add_parser(subparsers)` and a function that does the work and returns the exit code. Wrong use,
unknown names and unreadable files end in one sentence that says what to do, and exit code 2.
"""
