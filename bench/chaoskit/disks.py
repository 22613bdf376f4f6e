"""Small disks: a tmpfs for each server in a mount namespace of our own, filled to the brim by a ballast file.

enter(SIZES) runs the program again in a private mount namespace: as root by `unshare -m`; as anybody else by
`unshare -Urm`, and back to the own user in a namespace inside that (PostgreSQL refuses to run as root).
"""
import atexit, errno, os, shutil, signal, subprocess, sys, tempfile

PLACE = "BTTC_CHAOS_DISKS"  # set inside: the directory that holds the mounts
REFUSED = 97


def enter(sizes):
    """sizes: {name: MiB}. Called outside: runs the program inside and ends with its exit code. Called inside:
    the directory that holds the mounts."""
    if PLACE in os.environ:
        return os.environ[PLACE]
    place = tempfile.mkdtemp(prefix="bttc-chaos.", dir="/tmp")
    os.chmod(place, 0o755)
    for n in sizes:
        os.mkdir(os.path.join(place, n))
    if "--no-disks" in sys.argv:
        for n in sizes:
            os.chmod(os.path.join(place, n), 0o1777)
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        return place
    root = os.geteuid() == 0
    how = "-m" if root else "-Urm"
    mounts = " && ".join(f'mount -t tmpfs -o size={mb}m,mode=1777 bttc-chaos "${PLACE}/{n}"' for n, mb in sizes.items())
    back = "" if root else f"unshare -U --map-user={os.geteuid()} --map-group={os.getegid()} "
    script = f'({mounts}) || exit {REFUSED}\nexec {back}"$@"'
    if not shutil.which("unshare"):
        sys.exit("chaos: unshare (package util-linux) is missing; nothing was run")
    p = subprocess.Popen(["unshare", how, "sh", "-c", "echo inside >$" + PLACE + "/inside; " + script, "sh", sys.executable, *sys.argv],
                         env={**os.environ, PLACE: place})
    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(s, lambda n, _: p.send_signal(n))
    rc = p.wait()
    refused = rc == REFUSED or not os.path.exists(os.path.join(place, "inside"))
    shutil.rmtree(place, ignore_errors=True)  # the mounts went with the namespace
    if refused:
        sys.exit(f"chaos: a full disk needs a small tmpfs of its own, and `unshare {how}` with `mount -t tmpfs` is refused here "
                 "(see above). Run it as root, or allow user namespaces (sysctl user.max_user_namespaces). Nothing was run.")
    sys.exit(rc)


class Disk:
    def __init__(self, path):
        self.path, self.ballast = path, os.path.join(path, "ballast")

    def free(self):
        s = os.statvfs(self.path)
        return s.f_bavail * s.f_frsize

    def fill(self, leave):
        """Leave so many bytes."""
        f = os.open(self.ballast, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            while self.free() > leave:
                size = os.fstat(f).st_size
                try:
                    os.posix_fallocate(f, size, self.free() - leave)
                except OSError as e:  # the server was quicker
                    if e.errno != errno.ENOSPC:
                        raise
        finally:
            os.close(f)

    def empty(self):
        if os.path.exists(self.ballast):
            os.unlink(self.ballast)
