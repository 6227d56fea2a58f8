"""Work done by the machines of a Ray cluster, for whoever names one.

`connection` is this program's side. Ray itself is in a process of its own (`driver`), as it prints,
and ends the process that loses its cluster. `tasks` is what runs in the cluster's workers, and
`embedding` what they do for a library.
"""
