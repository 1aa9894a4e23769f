/*
 * After a map of the caller's object the target has one mapping more and no
 * descriptor, the caller neither; after munmap_peer() everything is as before.
 * The descriptor keeps its file position, its flags and its number.
 */
#include "target.h"

static size_t lines(const struct snapshot *s)
{
	size_t i, n = 0;
	for (i = 0; i < s->maps_size; i++)
		n += s->maps[i] == '\n';
	return n;
}

static void test(struct target *t)
{
	static struct snapshot caller[3], target[3];
	int fd = memfd_of(2), flags = fcntl(fd, F_GETFD), status = fcntl(fd, F_GETFL);
	unsigned char *a;

	CHECK(lseek(fd, 1234, SEEK_SET) == 1234);
	snapshot_take(&caller[0], getpid());
	snapshot_take(&target[0], t->pid);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	snapshot_take(&caller[1], getpid());
	snapshot_take(&target[1], t->pid);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	snapshot_take(&caller[2], getpid());
	snapshot_take(&target[2], t->pid);

	CHECK(lines(&target[1]) == lines(&target[0]) + 1);
	CHECK(strcmp(target[0].fds, target[1].fds) == 0);
	CHECK(strcmp(caller[0].fds, caller[1].fds) == 0);
	if (!t->own)
		snapshot_compare(&caller[0], &caller[1], "caller", __FILE__, __LINE__, "mmap_peer");
	snapshot_compare(&caller[0], &caller[2], "caller", __FILE__, __LINE__, "munmap_peer");
	snapshot_compare(&target[0], &target[2], "target", __FILE__, __LINE__, "munmap_peer");
	CHECK(lseek(fd, 0, SEEK_CUR) == 1234);
	CHECK(fcntl(fd, F_GETFD) == flags && fcntl(fd, F_GETFL) == status);
	close(fd);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
