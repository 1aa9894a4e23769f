/* runs-as: user
 * The bits of a mapping say which processes of the same user may map it onward,
 * by user, process group, group and world, read and write apart; all that a caller
 * is of is added up. (Other users need a service.)
 *
 * time-limit: 60
 */
#include "utek.h"

static size_t page;

/* Makes an area with the protection it is told, in the process group it is told. */
static int owner(int channel)
{
	uintptr_t own_group = hear_word(channel);
	unsigned char *area = utek_room(page);
	if (own_group)
		CHECK(setpgid(0, 0) == 0);
	tell_word(channel, (uintptr_t)area);
	for (;;) {
		uintptr_t prot = hear_word(channel);
		if (prot == UINTPTR_MAX)
			return 0;
		if (utek_is_mapped(area))
			CHECK(munmap(area, page) == 0);
		CHECK_OK(utek_call(M_ZFILL, NULL, area, page, (unsigned)prot | RW_SELF, SHARED));
		area[0] = 77;
		tell_word(channel, 1);
	}
}

static void walk(int own_group)
{
	struct peer p = peer_start(owner);
	/* The caller is of the user, the group, and the world. */
	unsigned reads = M_R_USER | M_R_GROUP | M_R_WORLD, writes = M_W_USER | M_W_GROUP | M_W_WORLD;
	if (!own_group) {
		reads |= M_R_PGROUP;
		writes |= M_W_PGROUP;
	}
	tell_word(p.channel, (uintptr_t)own_group);
	unsigned char *theirs = (unsigned char *)hear_word(p.channel), *room = utek_room(page);
	for (unsigned prot = 0; prot < 0x400; prot += check_slowness() > 1 ? 76 : 4) {
		int may_read = (prot & reads) != 0, may_write = (prot & writes) != 0;
		struct { unsigned prot, share; int may; } asked[] = {
			{ M_R_SELF, SHARED, may_read }, { M_W_SELF, SHARED, may_write },
			{ RW_SELF, SHARED, may_read && may_write }, { M_R_SELF | M_W_WORLD, SHARED, may_read && may_write },
			{ RW_SELF, PRIVATE, may_read },
		};
		tell_word(p.channel, prot);
		hear_word(p.channel);
		for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
			if (asked[i].may) {
				CHECK_OK(utek_call(p.pid, theirs, room, page, asked[i].prot, asked[i].share));
				if (asked[i].prot & M_R_SELF)
					CHECK(room[0] == 77);
				CHECK(munmap(room, page) == 0);
			} else {
				CHECK_FAILS(utek_call(p.pid, theirs, room, page, asked[i].prot, asked[i].share), -1, EACCES);
				CHECK(!utek_is_mapped(room));
			}
		}
	}
	tell_word(p.channel, UINTPTR_MAX);
	CHECK(peer_status(&p) == 0);
}

int main(void)
{
	page = check_page();
	walk(0);
	walk(1);
	return 0;
}
