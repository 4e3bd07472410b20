"""Requests over HTTP that keep to limits: of time and size, of rate, of patience, of address.

errors           what a request can end in
limits           how much one request may cost
address          a base URL taken apart, and the target of one request
response         a response, classified before anybody parses it
transport        one exchange over the wire
proxy            what a proxy is sent of a request that goes through it
ssrf_guard       addresses from payloads that must not be requested
rate_limit       requests spaced over all processes
circuit          when the circuit is open, and which request is the probe
circuit_breaker  the same for all processes
circuit_table    its state and its counts in Postgres
health           how services have answered lately, for people
conditional      requests for what is not known yet, and what of an answer is archived
archive          every answer, and each body once
archive_size     how much of it there is
replay           requests answered by the archive
request_cache    one request per URL and run
request_log      what was requested and what came
client           all of it for one service

Nothing here knows Dagster or a provider: a service is a name and a base URL.
"""
