/* runs-as: root
 * Two pages of an area lie in one object, and another user is admitted to one of them.
 * With the object he could map the other one, too: so he gets nothing, until all of it
 * is for him. The same holds for an object of the program's own.
 */
#include "utek.h"
#include "service.h"
#include "target.h"

enum { ALICE = 65430, BOB = 65431 };

static size_t page;
static unsigned char *area, *own;
static pid_t owner;

static int owns(int channel)
{
	int file;
	become_user(ALICE);
	file = memfd_create("its own", MFD_CLOEXEC);
	CHECK_OK(utek_call(M_ZFILL, NULL, area, 2 * page, RW_SELF, SHARED));
	CHECK_OK(utek_call(M_SELF, area, area, page, RW_SELF | M_R_WORLD, SHARED));
	CHECK(file != -1 && ftruncate(file, (off_t)(2 * page)) == 0 && fchmod(file, 0600) == 0);
	CHECK(mmap(own, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == own);
	CHECK_OK(utek_call(M_SELF, own, own, page, RW_SELF | M_R_WORLD, SHARED));
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	/* Nothing there says what will be written. */
	strcpy((char *)area + page, "secret");
	strcpy((char *)own + page, "secret");
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	CHECK_OK(utek_call(M_SELF, area + page, area + page, page, RW_SELF | M_R_WORLD, SHARED));
	CHECK_OK(utek_call(M_SELF, own + page, own + page, page, RW_SELF | M_R_WORLD, SHARED));
	tell_word(channel, 1);
	return (int)hear_word(channel);
}

static void gets(unsigned char *from, size_t len, int granted)
{
	unsigned char *room = utek_room(2 * page);
	if (granted) {
		CHECK_OK(utek_call(owner, from, room, len, M_R_SELF, SHARED));
		CHECK(memcmp(room + page, "secret", 7) == 0);
		CHECK(munmap(room, len) == 0);
	} else {
		CHECK_FAILS(utek_call(owner, from, room, len, M_R_SELF, SHARED), -1, EPERM);
		CHECK(!utek_is_mapped(room));
	}
}

static int stranger(int channel)
{
	become_user(BOB);
	for (int granted = 0; granted < 3; granted++) {
		gets(area, granted == 2 ? 2 * page : page, granted == 2);
		gets(own, granted == 2 ? 2 * page : page, granted == 2);
		tell_word(channel, 1);
		CHECK(hear_word(channel) == 1);
	}
	return 0;
}

int main(void)
{
	struct peer alice, bob;
	page = check_page();
	area = utek_room(2 * page);
	own = utek_room(2 * page);
	alice = peer_start(owns);
	CHECK(hear_word(alice.channel) == 1);
	owner = alice.pid;
	bob = peer_start(stranger);
	for (int i = 0; i < 2; i++) {
		CHECK(hear_word(bob.channel) == 1);
		tell_word(alice.channel, 1);
		CHECK(hear_word(alice.channel) == 1);
		tell_word(bob.channel, 1);
	}
	CHECK(hear_word(bob.channel) == 1);
	tell_word(bob.channel, 1);
	CHECK(peer_status(&bob) == 0);
	tell_word(alice.channel, 0);
	CHECK(peer_status(&alice) == 0);
	return 0;
}
