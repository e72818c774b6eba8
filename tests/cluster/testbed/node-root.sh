#!/bin/sh
# The first process of a node, in mount and process namespaces of its own: gives it a root of its own, then waits.
# Usage: node-root.sh FOLDER-OF-THE-NODE FOLDER-OF-REPOSITORIES PAUSE
#
# The host's folders are there, but /cvmfs, /run, /var/lib and /var/log are the node's own: its kubelet and containerd
# use their usual places, and nothing that they write or mount is seen outside.
set -eu
node=$1 repositories=$2 pause=$3
mount -t tmpfs -o mode=755 run /run
root=/run/root
mkdir $root
mount -t tmpfs -o mode=755 root $root
for entry in /*; do
  if [ -h "$entry" ]; then
    cp -P "$entry" $root/
  elif [ -d "$entry" ]; then
    mkdir "$root$entry"
    case $entry in
      /cvmfs | /proc | /run) ;;
      *) mount --rbind "$entry" "$root$entry" ;;
    esac
  fi
done
mkdir -p $root/cvmfs $root/repositories
mount -t proc proc $root/proc
mount -t tmpfs -o mode=755 run $root/run
mount --bind "$repositories" $root/repositories
mount --bind "$node/lib" $root/var/lib
mount --bind "$node/log" $root/var/log
cp "$pause" $root/pause
mkdir $root/old
cd $root
pivot_root . old
umount -l /old
rmdir /old
# What is mounted below /cvmfs must reach the pods.
mount --make-rshared /
exec /pause
