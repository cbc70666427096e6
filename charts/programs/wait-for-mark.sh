#!/bin/sh
# Holds ingestion back until the guard of the backend has let this release onto the volume.
#
#     wait-for-mark.sh MARK LINE
#
# POSIX sh, because the images of ingestion have nothing else in common: one is Alpine's, the others Debian's.
# Without a trap the kernel keeps SIGTERM from PID 1, and a pod that stops takes its whole grace period.
trap 'exit 143' TERM
mark=$1
line=$2
seconds=0
# A plan is there while a restore moves folders: the mark may be of the old data, or of the new.
until [ -f "$mark" ] && grep -q "\"line\": \"$line\"" "$mark" 2> /dev/null && ! ls "${mark%/*}"/.junjo-restore-*.plan > /dev/null 2>&1; do
  if [ $((seconds % 30)) -eq 0 ]; then
    echo "waiting until the backend has let Junjo AI Studio $line onto the volume: see the log of its container upgrade-guard"
  fi
  seconds=$((seconds + 1))
  sleep 1
done
