"""The command `dp`. Thin: each command calls what an asset or a sensor calls.

group     the command itself, which module has which command, and what several commands need
loading   modules are loaded without looking for garbage
running   a job in this process, and what came of it
shown     dp checks, seasons, approve, health
database  dp db; dump has dp db dump and dp db restore
listening where dp metrics and dp sandbox listen
The other modules are named as their commands, or nearly.
"""
