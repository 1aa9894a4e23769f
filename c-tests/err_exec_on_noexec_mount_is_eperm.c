/*
 * PROT_EXEC of a file on a noexec mount is EPERM, as for mmap(); without
 * PROT_EXEC the file can be mapped.
 *
 * runs-as: root
 */
#include "target.h"
#include <sched.h>
#include <sys/mount.h>

static int file_on_noexec_mount(void)
{
	CHECK(mkdir("mount", 0700) == 0);
	if (unshare(CLONE_NEWNS) == -1)
		check_skip("no mount namespace: %s", strerror(errno));
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("none", "mount", "tmpfs", MS_NOEXEC, NULL) == 0);
	return file_of("mount/object", 2);
}

static int fd;

static void test(struct target *t)
{
	unsigned char *a;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_EXEC, MAP_SHARED, fd, 0), EPERM);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK(target_read(t, a + PAGE) == 2);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
}

int main(void)
{
	fd = file_on_noexec_mount();
	own_and_peer(NULL, test);
	return 0;
}
