/*
 * Where neither the helper nor the calling thread may trace the target (Yama's
 * scopes 2 and 3, or a target that is no descendant), the call says EPERM at
 * once, explains itself, and nothing was done. So it does when reading the
 * target's memory is refused, too.
 */
#include "yama.h"

static struct peer target;
static int fd;

static int nobody_may_trace(const struct seccomp_notif *r) { return r->data.nr == SYS_ptrace ? EPERM : 0; }
static int nobody_may_anything(const struct seccomp_notif *r) { (void)r; return EPERM; }

static int anything_is_refused;

static void prepare(void)
{
	fd = marked_memfd('R');
	target = peer_start(obedient_body);
}

static void run(void)
{
	static char maps[65536], text[65536];
	double begun = check_now();
	proc_text(target.pid, "maps", maps, sizeof maps);
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EPERM);
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, check_page(), READ_WRITE, MAP_SHARED, fd, 0), EPERM);
	CHECK_UNMAP_FAILS(munmap_peer(target.pid, (void *)check_page(), check_page()), EPERM);
	/* The check comes before the arguments; it can be seen where it is the same for all. */
	if (anything_is_refused)
		CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EPERM);
	CHECK_MAP_FAILS(mmap_peer(0x3fffffff, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	CHECK(check_now() - begun < 5);         /* it did not wait for what will not change */
	check_same_text("the target's mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	peer_dismiss(&target);
}

int main(int argc, char **argv)
{
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "10000");
	under_yama(nobody_may_trace, prepare, run);
	anything_is_refused = 1;
	under_yama(nobody_may_anything, prepare, run);
	return 0;
}
