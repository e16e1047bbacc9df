#!/bin/bash
job_id=${NMMA_FITTER_JOB_ID:-none}
restart=${NMMA_FITTER_RESTART:-0}

# One run of: tests night object task
# This shell is the run's supervisor. It writes `started` first, runs the command in the background
# (bash holds a trap back while a foreground program runs), passes TERM, USR1 and INT on to it, and
# writes `exit` even if the command could not start.
set -u
umask 022
work=/out/night/object/task
work=${NMMA_FITTER_WORK:-$work}  # elsewhere on a node that does not see it: a scheduler carries it
digest=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
generation=0
number=2
job_id=${job_id//[!A-Za-z0-9._+-]/_}
restart=${restart//[!0-9]/}
attempt=$work/attempts/$number-${job_id:-none}-${restart:-0}
export OMP_NUM_THREADS=1

record() {  # record NAME: standard input becomes a file that is there as a whole or not at all
  cat >"$attempt/.$1.tmp" || return
  sync -- "$attempt/.$1.tmp" 2>/dev/null
  mv -f -- "$attempt/.$1.tmp" "$attempt/$1"
}

child=
signal=
forward() { signal=$1; [ -n "$child" ] && kill -s "$1" "$child" 2>/dev/null; }
trap 'forward TERM' TERM
trap 'forward USR1' USR1
trap 'forward INT' INT

# Without -p: of two copies under one job id only one may have the folder. The other touches nothing.
if ! mkdir -- "$attempt"; then
  [ -d "$attempt" ] && { echo "another copy of this run has $attempt" >&2; exit 69; }
  echo "cannot create $attempt" >&2; exit 73
fi
cd -- "$attempt" || exit 73
host=$(uname -n); host=${host//[!A-Za-z0-9._-]/_}
boot_id=; read -r boot_id 2>/dev/null </proc/sys/kernel/random/boot_id
process=; read -r process 2>/dev/null <"/proc/$$/stat"
process=${process##*) }; set -- $process; process_start=${20:-0}; set --
record started <<END || { echo "cannot write in $attempt" >&2; exit 73; }
{"digest": "$digest", "generation": $generation, "attempt": $number, "job_id": "$job_id",
 "restart": ${restart:-0}, "host": "$host", "boot_id": "${boot_id//[!0-9a-f-]/}", "pid": $$,
 "process_start": $process_start, "time": $(date +%s)}
END

take_checkpoint() {  # take_checkpoint RUN: by copy, so that the run's own folder stays as it was
  [ -e checkpoint.h5 ] && return
  cp -- "$1/checkpoint.h5" .checkpoint.copy 2>/dev/null && mv -- .checkpoint.copy checkpoint.h5
}
# Where the batch system has restarted this job, its runs before this one are the furthest. One may
# live on (a dead daemon does not take its job along): then its copy is good all the same, since a
# checkpoint is renamed into place as a whole and each run writes in its own folder only.
for ((before = 10#${restart:-0} - 1; before >= 0; before--)); do
  take_checkpoint "$work/attempts/$number-${job_id:-none}-$before"
done
take_checkpoint /out/night/object/task/attempts/1-6-0  # of an attempt known to be dead
take_checkpoint "$work"  # where it was carried along

/bin/sh -c 'echo data >out.dat; echo '"'"'{"outcome": "done"}'"'"' >outcome.json' >>log 2>&1 </dev/null &
child=$!
[ -n "$signal" ] && kill -s "$signal" "$child" 2>/dev/null  # came before there was anyone to tell
# A signal's trap ends `wait` early with a status above 128; then the child is still there.
while wait "$child"; code=$?; [ "$code" -gt 128 ] && kill -0 "$child" 2>/dev/null; do :; done
record exit <<END
{"code": $code, "signal": "$signal", "time": $(date +%s)}
END
/venv/bin/python -P -m nmma_fitter.engine.publish "$work" "$attempt" >>log 2>&1
published=$?
[ "$code" -eq 0 ] && code=$published
exit "$code"
