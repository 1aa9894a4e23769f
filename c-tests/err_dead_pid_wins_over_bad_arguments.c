/* ESRCH comes before every complaint about the arguments. */
#include "target.h"

int main(void)
{
	const struct bad_call bad[] = {
		{ "no type", NULL, PAGE, PROT_READ, 0, NOFD, 0, ESRCH },
		{ "both types", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PRIVATE, NOFD, 0, ESRCH },
		{ "len 0", NULL, 0, PROT_READ, MAP_SHARED, NOFD, 0, ESRCH },
		{ "unknown prot", NULL, PAGE, 0x100, MAP_SHARED, NOFD, 0, ESRCH },
		{ "MAP_SYSRAM", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_SYSRAM, NOFD, 0, ESRCH },
		{ "MAP_ANON with a descriptor", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANON, 0, 0, ESRCH },
		{ "MAP_HANDLE", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE, NOFD, 0, ESRCH },
		{ "MAP_PHYS", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_PHYS, NOFD, 0, ESRCH },
		{ "closed descriptor", NULL, PAGE, PROT_READ, MAP_SHARED, CLOSED_FD, 0, ESRCH },
		{ "stack that is all guard", NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_STACK, NOFD, PAGE, ESRCH },
		{ "not congruent", (void *)0x10001, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, NOFD, 2, ESRCH },
		{ "length wraps", NULL, SIZE_MAX, PROT_READ, MAP_SHARED, NOFD, 0, ESRCH },
	};
	static const pid_t nobody[] = { 0, -1, 0x7fffffff };
	size_t i;

	for (i = 0; i < sizeof nobody / sizeof *nobody; i++) {
		struct target t = { .pid = nobody[i] };
		CHECK_BAD_CALLS(&t, bad);
		CHECK_UNMAP_FAILS(munmap_peer(nobody[i], NULL, 0), ESRCH);
		CHECK_UNMAP_FAILS(munmap_peer(nobody[i], (void *)-1, SIZE_MAX), ESRCH);
	}
	return 0;
}
