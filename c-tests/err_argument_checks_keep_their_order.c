/*
 * Of two wrong arguments the one that QNX checks first gives the errno: sharing
 * type, length, protection, flags (EINVAL), then what is not supported
 * (ENOTSUP), then the descriptor (EBADF, EACCES, ENOTSUP for a directory), the
 * stack's guard and MAP_FIXED's alignment (EINVAL), and last the room (ENOMEM).
 */
#include "target.h"

static void test(struct target *t)
{
	int file = memfd_of(1), dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int unreadable = open("write-only", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const struct bad_call bad[] = {
		{ "no type before MAP_HANDLE", NULL, PAGE, PROT_READ, MAP_HANDLE, file, 0, EINVAL },
		{ "len 0 before MAP_HANDLE", NULL, 0, PROT_READ, MAP_SHARED | MAP_HANDLE, file, 0, EINVAL },
		{ "prot before MAP_HANDLE", NULL, PAGE, 0x100, MAP_SHARED | MAP_HANDLE, file, 0, EINVAL },
		{ "flags before MAP_HANDLE", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE | 1 << 27, file, 0, EINVAL },
		{ "MAP_ANON's descriptor before MAP_HANDLE", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANON | MAP_HANDLE, file, 0, EINVAL },
		{ "no type before MAP_PHYS", NULL, PAGE, PROT_READ, MAP_PHYS, NOFD, 0, EINVAL },
		{ "len 0 before MAP_PHYS", NULL, 0, PROT_READ, MAP_SHARED | MAP_PHYS, NOFD, 0, EINVAL },
		{ "prot before MAP_PHYS", NULL, PAGE, 0x100, MAP_SHARED | MAP_PHYS, NOFD, 0, EINVAL },
		{ "MAP_HANDLE before the descriptor", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE, CLOSED_FD, 0, ENOTSUP },
		{ "no type before the descriptor", NULL, PAGE, PROT_READ, 0, CLOSED_FD, 0, EINVAL },
		{ "len 0 before the descriptor", NULL, 0, PROT_READ, MAP_SHARED, CLOSED_FD, 0, EINVAL },
		{ "prot before the descriptor", NULL, PAGE, 0x100, MAP_SHARED, CLOSED_FD, 0, EINVAL },
		{ "flags before the descriptor", NULL, PAGE, PROT_READ, MAP_SHARED | 1 << 27, CLOSED_FD, 0, EINVAL },
		{ "MAP_ANON with a closed descriptor", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANON, CLOSED_FD, 0, EINVAL },
		{ "EBADF before the stack's guard", NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, CLOSED_FD, 2 * PAGE, EBADF },
		{ "EBADF before MAP_FIXED", (void *)0x100001, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, CLOSED_FD, 0, EBADF },
		{ "EBADF before the room", NULL, SIZE_MAX, PROT_READ, MAP_SHARED, CLOSED_FD, 0, EBADF },
		{ "EACCES before the stack's guard", NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, unreadable, 0, EACCES },
		{ "EACCES before MAP_FIXED", (void *)0x100001, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, unreadable, 0, EACCES },
		{ "EACCES before the directory", NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dir, 0, EACCES },
		{ "directory before the stack's guard", NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, dir, 0, ENOTSUP },
		{ "directory before MAP_FIXED", (void *)0x100001, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, dir, 0, ENOTSUP },
		{ "directory before the room", NULL, SIZE_MAX, PROT_READ, MAP_SHARED, dir, 0, ENOTSUP },
		{ "stack's guard before the room", NULL, SIZE_MAX, PROT_READ, MAP_SHARED | MAP_STACK, NOFD, 0, EINVAL },
		{ "MAP_FIXED before the room", (void *)0x100001, SIZE_MAX, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0, EINVAL },
	};
	CHECK(file != -1 && dir != -1 && unreadable != -1);
	CHECK_BAD_CALLS(t, bad);
	close(file);
	close(dir);
	close(unreadable);
}

int main(void)
{
	own_and_peer(NULL, test);
	unlink("write-only");
	return 0;
}
