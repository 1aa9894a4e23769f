/*
 * EACCES: a descriptor that cannot be read, whatever the protection; a shared
 * and writable map of one that cannot be written. It is the descriptor that
 * counts, not the file's mode or the target's own rights.
 */
#include "target.h"

static void test(struct target *t)
{
	int both = file_of("object", 1), ends[2];
	int write_only = open("object", O_WRONLY | O_CLOEXEC), read_only = open("object", O_RDONLY | O_CLOEXEC);
	int append = open("object", O_RDWR | O_APPEND | O_CLOEXEC);
	unsigned char *a;
	CHECK(write_only != -1 && read_only != -1 && append != -1 && pipe2(ends, O_CLOEXEC) == 0);
	const struct bad_call bad[] = {
		{ "write-only, shared", NULL, PAGE, PROT_WRITE, MAP_SHARED, write_only, 0, EACCES },
		{ "write-only, shared, no access", NULL, PAGE, PROT_NONE, MAP_SHARED, write_only, 0, EACCES },
		{ "write-only, private", NULL, PAGE, PROT_READ, MAP_PRIVATE, write_only, 0, EACCES },
		{ "read-only, shared and writable", NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0, EACCES },
		{ "read-only, shared, write alone", NULL, PAGE, PROT_WRITE, MAP_SHARED, read_only, 0, EACCES },
		{ "a pipe's write end", NULL, PAGE, PROT_READ, MAP_SHARED, ends[1], 0, EACCES },
	};
	CHECK_BAD_CALLS(t, bad);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0));
	CHECK(target_read(t, a) == 1);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, append, 0));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	close(both);
	close(write_only);
	close(read_only);
	close(append);
	close(ends[0]);
	close(ends[1]);
	unlink("object");
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
