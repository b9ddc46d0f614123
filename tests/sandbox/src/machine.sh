# The first process of a cluster. Started as `bash machine.sh FOLDER CGROUP INIT KEEP…`; the stage `inside`
# is the same script in the new namespaces. It ends by becoming INIT, which reaps and waits.
set -euo pipefail

if [ "$1" != inside ]; then
  # The cgroup namespace has its root where this process is when the namespace is made.
  for group in /sys/fs/cgroup/*/"$2" /sys/fs/cgroup/"$2"; do
    if [ -e "$group/cgroup.procs" ]; then echo $$ > "$group/cgroup.procs"; fi
  done
  exec unshare --pid --fork --kill-child --mount --net --cgroup --uts --ipc --propagation private \
    bash "$0" inside "$@"
fi
shift
folder=$1
init=$3
keep=("${@:4}")
mount -t proc proc /proc

# cgroups as seen from the new root: what pods get is below the cluster's own cgroup.
while read -r _ point type options _; do
  case "$point" in /sys/fs/cgroup/* | /sys/fs/cgroup) ;; *) continue ;; esac
  case "$type" in
    cgroup2) umount "$point"; mount -t cgroup2 cgroup2 "$point" ;;
    cgroup)
      controllers=$(tr ',' '\n' <<< "$options" | grep -vxE 'rw|ro|nosuid|nodev|noexec|relatime|noatime|xattr|release_agent=.*|clone_children' | paste -sd, -)
      case "$controllers" in name=*) controllers="none,$controllers" ;; esac
      umount "$point"; mount -t cgroup -o "$controllers" cgroup "$point" ;;
  esac
done < <(tac /proc/1/mounts)

# cgroup v2 gives controllers only to children of a group that has no process itself.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  echo 1 > /sys/fs/cgroup/init/cgroup.procs
  sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
fi

# containerd, runc, kubelet and CNI plugins also write to fixed places: here they vanish with the mounts.
# `/var/lib` hides what the host keeps there, so the sandbox's own folders are brought back.
mount -t tmpfs -o mode=755 tmpfs /run
count=0
for path in "${keep[@]}"; do
  mkdir "/run/keep$count"
  mount --bind "$path" "/run/keep$count"
  count=$((count + 1))
done
for place in /var/lib /var/log; do mount -t tmpfs -o mode=755 tmpfs $place; done
count=0
for path in "${keep[@]}"; do
  mkdir -p "$path"
  mount --move "/run/keep$count" "$path"
  rmdir "/run/keep$count"
  count=$((count + 1))
done
mkdir -p /run/lock

# kubelet sets these for the whole machine where they differ. In here they never do.
mkdir /run/tunables
while read -r name value; do
  [ -e "/proc/sys/$name" ] || continue
  echo "$value" > "/run/tunables/${name//\//-}"
  mount --bind "/run/tunables/${name//\//-}" "/proc/sys/$name"
done <<'END'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END

basename "$folder" > /proc/sys/kernel/hostname
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1
# Without this file a pod on the node reaches a Service but not itself through it. Not every kernel has it.
[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || sysctl -qw net.bridge.bridge-nf-call-iptables=1
cd "$folder"
: > "$folder/machine.ready"
exec "$init"
