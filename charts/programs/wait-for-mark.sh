#!/bin/sh
# Delays ingestion until the upgrade guard of the backend has marked the volume for this release.
#
#     wait-for-mark.sh MARK LINE
#
# POSIX sh, because the images of ingestion have nothing else in common: one is Alpine's, the others Debian's.
# Without a trap the kernel keeps SIGTERM from PID 1, and a pod that stops takes its whole grace period.
trap 'exit 143' TERM
mark=$1
line=$2
seconds=0
# A plan exists while a restore moves folders. The mark may then belong to the old or the new data.
until [ -f "$mark" ] && grep -q "\"line\": \"$line\"" "$mark" 2> /dev/null && ! ls "${mark%/*}"/.junjo-restore-*.plan > /dev/null 2>&1; do
  if [ $((seconds % 30)) -eq 0 ]; then
    echo "waiting until the upgrade guard of the backend marks the volume for Junjo AI Studio $line: see the log of its container upgrade-guard"
  fi
  seconds=$((seconds + 1))
  sleep 1
done
