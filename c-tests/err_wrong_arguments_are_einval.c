/*
 * Every wrong sharing type, length, protection and flag is EINVAL, for another
 * process and for the own pid, and changes nothing in either.
 */
#include "target.h"

static void test(struct target *t)
{
	const struct bad_call bad[] = {
		{ "no type, NOFD", NULL, PAGE, PROT_READ, 0, NOFD, 0, EINVAL },
		{ "no type, a descriptor", NULL, PAGE, PROT_READ, 0, 0, 0, EINVAL },
		{ "no type, MAP_FIXED", (void *)0x100000, PAGE, PROT_READ, MAP_FIXED, NOFD, 0, EINVAL },
		{ "both types", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE, NOFD, 0, EINVAL },
		{ "both types, MAP_ANON", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE | MAP_ANON, NOFD, 0, EINVAL },
		{ "type 5", NULL, PAGE, PROT_READ, 5 | MAP_ANON, NOFD, 0, EINVAL },
		{ "type 8", NULL, PAGE, PROT_READ, 8 | MAP_ANON, NOFD, 0, EINVAL },
		{ "type 9", NULL, PAGE, PROT_READ, 9 | MAP_ANON, NOFD, 0, EINVAL },
		{ "type 15", NULL, PAGE, PROT_READ, 15 | MAP_ANON, NOFD, 0, EINVAL },
		{ "len 0", NULL, 0, PROT_READ, MAP_SHARED, NOFD, 0, EINVAL },
		{ "len 0, offset inside a page", NULL, 0, PROT_READ, MAP_SHARED, NOFD, 100, EINVAL },
		{ "QNX's number for PROT_READ", NULL, PAGE, 0x100, MAP_SHARED, NOFD, 0, EINVAL },
		{ "QNX's number for PROT_WRITE", NULL, PAGE, 0x200, MAP_SHARED, NOFD, 0, EINVAL },
		{ "QNX's number for PROT_EXEC", NULL, PAGE, 0x400, MAP_SHARED, NOFD, 0, EINVAL },
		{ "prot bit 14", NULL, PAGE, PROT_READ | 0x4000, MAP_SHARED, NOFD, 0, EINVAL },
		{ "prot bit 30", NULL, PAGE, PROT_READ | 0x40000000, MAP_SHARED, NOFD, 0, EINVAL },
		{ "prot -1", NULL, PAGE, -1, MAP_SHARED, NOFD, 0, EINVAL },
		{ "MAP_SYSRAM", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_SYSRAM, NOFD, 0, EINVAL },
		{ "MAP_SYSRAM, MAP_ANON", NULL, PAGE, PROT_READ, MAP_ANON | MAP_SYSRAM, NOFD, 0, EINVAL },
		{ "bit 26 without MAP_HUGETLB", NULL, PAGE, PROT_READ, MAP_PRIVATE | 1 << 26, NOFD, 0, EINVAL },
		{ "bit 28 without MAP_HUGETLB", NULL, PAGE, PROT_READ, MAP_PRIVATE | 1 << 28, NOFD, 0, EINVAL },
		{ "bit 31 without MAP_HUGETLB", NULL, PAGE, PROT_READ, MAP_PRIVATE | (int)(1u << 31), NOFD, 0, EINVAL },
		{ "flags -1", NULL, PAGE, PROT_READ, -1, NOFD, 0, EINVAL },
		{ "MAP_ANON with a descriptor", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANON, 0, 0, EINVAL },
		{ "MAP_ANON with descriptor -2", NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANON, -2, 0, EINVAL },
		{ "MAP_ANON, MAP_PHYS, MAP_LAZY", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANON | MAP_PHYS | MAP_LAZY, NOFD, 0, EINVAL },
	};
	CHECK_BAD_CALLS(t, bad);
}

int main(void)
{
	own_and_peer(NULL, test);
	return 0;
}
