/*
 * A descriptor opened O_RDONLY is enough for a shared map to read and for a
 * private one to write: the target's writes stay its own.
 */
#include "target.h"

static void test(struct target *t)
{
	unsigned char *a, byte = 50;
	int both = file_of("object", 2), fd = open("object", O_RDONLY | O_CLOEXEC);

	CHECK(fd != -1);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	CHECK_RANGE(t, a, 2 * PAGE, "rw-p");
	CHECK(target_read(t, a) == 1 && target_read(t, a + PAGE) == 2);
	target_write(t, a, 40);
	CHECK(target_read(t, a) == 40 && object_byte(fd, 0) == 1);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));

	CHECK_MAPS(a, mmap_peer(t->pid, NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	CHECK_RANGE(t, a, 2 * PAGE, "r--s");
	CHECK(pwrite(both, &byte, 1, PAGE) == 1);
	CHECK(target_read(t, a + PAGE) == 50);
	CHECK_OK(munmap_peer(t->pid, a, 2 * PAGE));
	close(both);
	close(fd);
	unlink("object");
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
