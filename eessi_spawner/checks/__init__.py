"""IS IT WORKING? One question a file. An answer says what is the matter and what to do, in a user's words.

Pure: what the cluster says is handed in, as the plain data of its API.
"""
