/*
 * The constants that Linux lacks have values that none of the system's MAP_ and
 * PROT_ names uses, and those that Linux has keep its values. The names of the
 * system's headers are those that the C library and the kernel's headers have
 * today; one that a later header adds with a taken value fails the last check,
 * by the kernel's own test: plain mmap() must still ignore the bits.
 */
#include "check.h"
#include <asm/mman.h>

static const struct { const char *name; unsigned value; } system_flags[] = {
#define ROW(n) { #n, (unsigned)(n) },
#ifdef MAP_GROWSDOWN
	ROW(MAP_GROWSDOWN)
#endif
#ifdef MAP_DENYWRITE
	ROW(MAP_DENYWRITE)
#endif
#ifdef MAP_EXECUTABLE
	ROW(MAP_EXECUTABLE)
#endif
#ifdef MAP_LOCKED
	ROW(MAP_LOCKED)
#endif
#ifdef MAP_NORESERVE
	ROW(MAP_NORESERVE)
#endif
#ifdef MAP_POPULATE
	ROW(MAP_POPULATE)
#endif
#ifdef MAP_NONBLOCK
	ROW(MAP_NONBLOCK)
#endif
#ifdef MAP_STACK
	ROW(MAP_STACK)
#endif
#ifdef MAP_HUGETLB
	ROW(MAP_HUGETLB)
#endif
#ifdef MAP_SYNC
	ROW(MAP_SYNC)
#endif
#ifdef MAP_FIXED_NOREPLACE
	ROW(MAP_FIXED_NOREPLACE)
#endif
#ifdef MAP_32BIT
	ROW(MAP_32BIT)
#endif
#ifdef MAP_ABOVE4G
	ROW(MAP_ABOVE4G)
#endif
#ifdef MAP_UNINITIALIZED
	ROW(MAP_UNINITIALIZED)
#endif
#ifdef MAP_HUGE_MASK
	{ "MAP_HUGE_*", (unsigned)MAP_HUGE_MASK << MAP_HUGE_SHIFT },
#endif
	ROW(MAP_FIXED) ROW(MAP_ANONYMOUS)
	/* Values of type, not bits; 3 and 8 are MAP_SHARED_VALIDATE and MAP_DROPPABLE. */
	ROW(MAP_SHARED) ROW(MAP_PRIVATE) { "MAP_SHARED_VALIDATE", 3 }, { "MAP_DROPPABLE", 8 },
};

static const struct { const char *name; unsigned value, fixed; } qnx_flags[] = {
	{ "MAP_PHYS", MAP_PHYS, 0x00200000 }, { "MAP_LAZY", MAP_LAZY, 0x00400000 },
	{ "MAP_BELOW", MAP_BELOW, 0x00800000 }, { "MAP_NOINHERIT", MAP_NOINHERIT, 0x01000000 },
	{ "MAP_HANDLE", MAP_HANDLE, 0x02000000 }, { "MAP_BELOW16M", MAP_BELOW16M, 0x00000200 },
	{ "MAP_NOX64K", MAP_NOX64K, 0x00000400 }, { "MAP_SYSRAM", MAP_SYSRAM, 0x00000004 },
};

int main(void)
{
	const unsigned prots[] = { PROT_READ, PROT_WRITE, PROT_EXEC, PROT_GROWSDOWN, PROT_GROWSUP, 8, 0x10, 0x20 };
	size_t i, j;
	unsigned all = 0;

	for (i = 0; i < sizeof qnx_flags / sizeof *qnx_flags; i++) {
		CHECK(qnx_flags[i].value == qnx_flags[i].fixed);
		CHECK((all & qnx_flags[i].value) == 0);
		all |= qnx_flags[i].value;
		for (j = 0; j < sizeof system_flags / sizeof *system_flags; j++) {
			if ((qnx_flags[i].value & system_flags[j].value) == 0)
				continue;
			fprintf(stderr, "%s collides with %s\n", qnx_flags[i].name, system_flags[j].name);
			check_failed(__FILE__, __LINE__, "values must be apart");
		}
	}
	CHECK(PROT_NOCACHE == 0x800);
	for (i = 0; i < sizeof prots / sizeof *prots; i++)
		CHECK((PROT_NOCACHE & prots[i]) == 0);
	CHECK(NOFD == -1 && MAP_PRIVATEANON == (MAP_PRIVATE | MAP_ANON) && MAP_ANON == MAP_ANONYMOUS);
	CHECK((MAP_NOINIT | MAP_ELF | MAP_NOSYNCFILE | MAP_RENAME | MAP_FILE) == 0);
	CHECK(UNMAP_INIT_REQUIRED == 1 && UNMAP_INIT_OPTIONAL == 2);

	/* Plain mmap() does not know the bits, so it lets them pass without effect. */
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_NOCACHE,
		   MAP_PRIVATE | MAP_ANON | (int)(all & ~(unsigned)MAP_SYSRAM), -1, 0) != MAP_FAILED);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_SYSRAM, -1, 0) == MAP_FAILED && errno == EINVAL);
	return 0;
}
