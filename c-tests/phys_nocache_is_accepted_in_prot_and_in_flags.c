/*
 * PROT_NOCACHE with physical memory, among the protections and, as some
 * programs have it, as 0x800 among the flags. The stand-in is mapped as without.
 */
#include "physmem.h"

enum { AT = 0x60000 };

static void one(struct target *t, int prot, int flags)
{
	unsigned char *a;
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, READ_WRITE | prot, flags | MAP_PHYS, NOFD, AT));
	CHECK_RANGE(t, a, PAGE, flags & MAP_SHARED ? "rw-s" : "rw-p");
	CHECK(target_read(t, a) == 31);
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
}

static void test(struct target *t)
{
	static const int ineffective[] = { 0, MAP_LAZY, MAP_BELOW, MAP_BELOW16M, MAP_NOX64K, MAP_NORESERVE };
	size_t i;
	for (i = 0; i < LENGTH_OF(ineffective); i++) {
		one(t, 0, ineffective[i] | MAP_SHARED);
		one(t, PROT_NOCACHE, ineffective[i] | MAP_SHARED);
		one(t, 0, ineffective[i] | MAP_SHARED | 0x800);
		one(t, PROT_NOCACHE, ineffective[i] | MAP_SHARED | 0x800);
		one(t, PROT_NOCACHE, ineffective[i] | MAP_PRIVATE | 0x800);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	physmem_begin(argv, 0x100000);
	physmem_put(AT, 31);
	own_and_peer(NULL, test);
	return 0;
}
