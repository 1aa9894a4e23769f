/* Each error of the manual, the first of several winning; after a failure both
 * address spaces are what they were. */
#include "utek.h"

#define FAILS(call, want) CHECK_FAILS(call, -1, want)

static void wrong_arguments(pid_t pid, unsigned char *from, unsigned char *room, size_t len)
{
	FAILS(utek_call(pid, from + 1, room, len, RW_SELF, SHARED), EINVAL);
	FAILS(utek_call(pid, from, room + 1, len, RW_SELF, SHARED), EINVAL);
	FAILS(utek_call(pid, from, room, 0, RW_SELF, SHARED), EINVAL);
	FAILS(utek_call(pid, from, room, len + 1, RW_SELF, SHARED), EINVAL);
	FAILS(utek_call(pid, from, room, len, RW_SELF | 0x400, SHARED), EINVAL);
	/* ... before the range at toaddr is looked at: */
	FAILS(utek_call(pid, from, NULL, 1, RW_SELF, SHARED), EINVAL);
	FAILS(utek_call(pid, from, NULL, len, RW_SELF, SHARED), EMRANGE);
	FAILS(utek_call(pid, from, (void *)~(check_page() - 1), len, RW_SELF, SHARED), EMRANGE);
	/* ... that before what is mapped there, and that before the process: */
	FAILS(utek_call(-1, from, from, len, RW_SELF, SHARED), EMCOLLIDE);
	FAILS(utek_call(M_ZFILL, NULL, from, len, RW_SELF, SHARED), EMCOLLIDE);
	FAILS(utek_call(M_SELF, from, from + len - check_page(), len, RW_SELF, SHARED), EMCOLLIDE);
	FAILS(utek_call(-1, from, room, len, RW_SELF, SHARED), ESRCH);
	FAILS(utek_call(0, from, room, len, RW_SELF, SHARED), ESRCH);
	FAILS(utek_call(0x7ffffff0, NULL, room, len, RW_SELF, SHARED), ESRCH);
}

static void wrong_areas(pid_t pid, unsigned char *room, size_t len, unsigned char *read_only, unsigned char *hole)
{
	for (unsigned share = PRIVATE; share <= SHARED; share++) {
		FAILS(utek_call(pid, hole, room, len, RW_SELF, share), EMRANGE);
		FAILS(utek_call(pid, (void *)~(check_page() - 1), room, check_page(), RW_SELF, share), EMRANGE);
	}
	FAILS(utek_call(M_SELF, hole, room, len, RW_SELF, SHARED), EMRANGE);
	FAILS(utek_call(M_SELF, hole, hole, len, RW_SELF, SHARED), EMRANGE);
	/* Protected against what is wanted of it. */
	FAILS(utek_call(pid, read_only, room, len, RW_SELF, SHARED), EACCES);
	FAILS(utek_call(pid, read_only, room, len, M_R_SELF | M_W_WORLD, SHARED), EACCES);
	CHECK_OK(utek_call(pid, read_only, room, len, RW_SELF, PRIVATE));
	CHECK(munmap(room, len) == 0);
}

int main(void)
{
	static char before[2][1 << 16], after[2][1 << 16];
	size_t len = 4 * check_page();
	unsigned char *from = utek_memory(len, 1), *read_only = utek_memory(len, 2), *hole = utek_memory(len, 3);
	CHECK(mprotect(read_only, len, PROT_READ) == 0);
	CHECK(munmap(hole + check_page(), check_page()) == 0);
	struct peer p = peer_start(obedient_body);
	unsigned char *room = utek_room(len);
	(void)peer_mapped(&p, NULL);	/* once it answers, its fork() is over */
	utek_maps(p.pid, before[0], sizeof before[0]);
	utek_maps(getpid(), before[1], sizeof before[1]);
	wrong_arguments(p.pid, from, room, len);
	utek_maps(p.pid, after[0], sizeof after[0]);
	utek_maps(getpid(), after[1], sizeof after[1]);
	CHECK(strcmp(before[0], after[0]) == 0);
	CHECK(strcmp(before[1], after[1]) == 0);
	wrong_areas(p.pid, room, len, read_only, hole);
	utek_maps(p.pid, after[0], sizeof after[0]);
	CHECK(strcmp(before[0], after[0]) == 0);
	/* Part of the range at toaddr is mapped: never replaced. */
	unsigned char *part = room + check_page();
	CHECK(mmap(part, check_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == part);
	*part = 123;
	FAILS(utek_call(p.pid, from, room, len, RW_SELF, SHARED), EMCOLLIDE);
	CHECK(*part == 123 && !utek_is_mapped(room));
	if (geteuid() != 0)
		FAILS(utek_call(1, from, utek_room(len), len, RW_SELF, SHARED), EPERM);
	peer_dismiss(&p);
	return 0;
}
