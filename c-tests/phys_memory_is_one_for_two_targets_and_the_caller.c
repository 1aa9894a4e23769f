/*
 * MAP_PHYS and MAP_SHARED: the same physical address is the same memory in two
 * targets, in the caller and in the file that stands in for it. An unmap in one
 * is none in the others.
 */
#include "physmem.h"

enum { AT = 0x30000 };
#define LEN (3 * PAGE)

int main(int argc, char **argv)
{
	const int flags = MAP_PHYS | MAP_SHARED;
	struct target one, other, own = { .pid = getpid(), .own = 1 };
	unsigned char *a, *b, *c;
	(void)argc;
	physmem_begin(argv, 0x100000);
	physmem_put(AT + 5, 99);
	one = target_start(NULL);
	other = target_start(NULL);

	CHECK_MAPS(a, mmap_peer(one.pid, NULL, LEN, READ_WRITE, flags, NOFD, AT));
	CHECK_MAPS(b, mmap_peer(other.pid, NULL, LEN, READ_WRITE, flags | MAP_LAZY, NOFD, AT));
	CHECK_MAPS(c, mmap_peer(own.pid, NULL, LEN, READ_WRITE, flags, NOFD, AT));
	CHECK_RANGE(&one, a, LEN, "rw-s");
	CHECK_RANGE(&other, b, LEN, "rw-s");
	CHECK_RANGE(&own, c, LEN, "rw-s");
	CHECK(target_read(&one, a + 5) == 99 && target_read(&other, b + 5) == 99 && c[5] == 99);

	target_write(&one, a + PAGE + 1, 1);
	target_write(&other, b + PAGE + 2, 2);
	c[4099] = 3;
	CHECK(target_read(&one, a + PAGE + 2) == 2 && target_read(&one, a + 4099) == 3);
	CHECK(target_read(&other, b + PAGE + 1) == 1 && target_read(&other, b + 4099) == 3);
	CHECK(c[PAGE + 1] == 1 && c[PAGE + 2] == 2);
	CHECK(object_byte(physmem, AT + PAGE + 2) == 2);

	CHECK_OK(munmap_peer(one.pid, a, LEN - 7));
	CHECK_RANGE_FREE(&one, a, LEN);
	CHECK(target_read(&other, b + 4099) == 3 && c[4099] == 3);
	CHECK_OK(munmap_peer(other.pid, b, LEN));
	CHECK_OK(munmap_peer(own.pid, c, LEN));
	peer_dismiss(&one.peer);
	peer_dismiss(&other.peer);
	return 0;
}
