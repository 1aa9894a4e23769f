/* runs-as: root
 * In a user namespace without groups of its own the kernel shows the same number in
 * place of each group. A process there does not take all others for members of its
 * group: an area that is for those is for none of them.
 */
#include "utek.h"
#include "target.h"
#include "user_namespace.h"

enum { ALICE = 65430, BOB = 65431 };

static size_t page;
static unsigned char *for_the_group, *for_all;
static pid_t owner;

static int owns(int channel)
{
	become_user(ALICE);
	enter_namespace_as(ALICE);
	CHECK_OK(utek_call(M_ZFILL, NULL, for_the_group, page, RW_SELF | M_R_GROUP | M_W_GROUP, SHARED));
	CHECK_OK(utek_call(M_ZFILL, NULL, for_all, page, RW_SELF | M_R_WORLD, SHARED));
	for_all[0] = 5;
	tell_word(channel, getegid());
	return (int)hear_word(channel);
}

static gid_t group;

static int asks(int channel)
{
	unsigned char *room = utek_room(page);
	(void)channel;
	CHECK(setgroups(0, NULL) == 0 && setresgid(group, group, group) == 0 && setresuid(BOB, BOB, BOB) == 0);
	CHECK_FAILS(utek_call(owner, for_the_group, room, page, M_R_SELF, SHARED), -1, EACCES);
	CHECK_FAILS(utek_call(owner, for_the_group, room, page, RW_SELF, SHARED), -1, EACCES);
	CHECK_FAILS(utek_call(owner, for_the_group, room, page, RW_SELF, PRIVATE), -1, EACCES);
	CHECK(!utek_is_mapped(room));
	CHECK_OK(utek_call(owner, for_all, room, page, M_R_SELF, SHARED));
	CHECK(room[0] == 5);
	return 0;
}

int main(void)
{
	struct peer p, asker;
	gid_t shown, groups[3] = { BOB, ALICE, 0 };
	if (!has_user_namespaces())
		check_skip("no new user namespace");
	page = check_page();
	for_the_group = utek_room(page);
	for_all = utek_room(page);
	p = peer_start(owns);
	shown = (gid_t)hear_word(p.channel);
	CHECK(shown != ALICE);
	owner = p.pid;
	groups[2] = shown;
	for (int i = 0; i < 3; i++) {
		group = groups[i];
		asker = peer_start(asks);
		CHECK(peer_status(&asker) == 0);
	}
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	return 0;
}
