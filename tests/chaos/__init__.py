"""The poller killed at every boundary, around every call and at random, and what is left counted.

``make chaos`` runs all of it (`__main__`), ``pytest tests/chaos`` a small version.

================  =================================================================================
`beds`            on what it runs: the local scheduler, a private Slurm or HTCondor
`installation`    one installation in a folder of its own, and what lies outside of it
`boundaries`      the audit hook that counts, names and kills
`ticks`           one tick of the real poller in a forked process
`calls`           executables around sbatch, rsync or the start of a dispatcher that kill the caller
`controls`        the positive controls: the poller made blind on purpose
`sweep`           every boundary, one after the other; around every call
`storm`           random kills with many units in flight
`disasters`       nodes, controllers, dispatchers and supervisors that die or stop meanwhile
`scenarios`       these three, played to their end
`ends`            an sshd that candidates come from and results go to, and a stand-in for Slack
`deliveries`      between these: kills at every boundary; cut connections and lost answers
`verdict`         doubles and losses, counted from outside
`figures`         the table and the file of figures
================  =================================================================================
"""
