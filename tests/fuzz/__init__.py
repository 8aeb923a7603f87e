"""A fuzzer of the sans-IO parts, in both implementations: `python -m tests.fuzz`.

What a real server says in all kinds of conversations is recorded first (`recording`, `conversations`). Then
these streams are played to connections that have no socket (`playing`): cut at random places, which must make
no difference; and spoilt (`spoiling`), which must end in one of howdah's own errors or in other values. The
same is done with values, rows and COPY data alone (`cases`). A process of each implementation does the same
cases (`worker`), and their outcomes are compared.
"""
