/* runs-as: root
 * A process's own memory that somebody shares already is joined by the object, which
 * that one keeps. Where the caller cannot get it from him (he is root, or not to be
 * traced, or the caller may not fetch descriptors), the call fails: the memory does
 * not become another object, which would part the two. When the keeper has ended,
 * nobody is parted, and the call succeeds.
 */
#include "utek.h"
#include "service.h"
#include "target.h"

enum { ALICE = 65430 };

static size_t page;
static unsigned char *memory;
static pid_t owner;

static int owns(int channel)
{
	become_user(ALICE);
	CHECK(mman_peer_allow(-1) == 0);
	return obedient_body(channel);
}

static void as_root(void) { }
static void as_alice(void) { become_user(ALICE); }

static void as_undumpable_alice(void)
{
	become_user(ALICE);
	CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
}

static void as_alice_without_descriptors(void)
{
	static const int calls[] = { SYS_pidfd_getfd };
	become_user(ALICE);
	deny(calls, 1, EPERM);
}

static void (*becomes)(void);

/* Says what the call did and where the memory is, and then obeys. */
static int shares(int channel)
{
	unsigned char *room = utek_room(page);
	int why = 0;
	becomes();
	CHECK(mman_peer_allow(-1) == 0);
	if (utek_call(owner, memory, room, page, RW_SELF, SHARED) != 0) {
		why = errno;
		CHECK(!utek_is_mapped(room) && mman_peer_explain()[0] != '\0');
	}
	tell_word(channel, (uintptr_t)why);
	tell_word(channel, (uintptr_t)room);
	return obedient_body(channel);
}

static struct sharer { struct peer peer; unsigned char *at; } sharer_of(void (*as)(void), int expected)
{
	struct sharer s;
	int why;
	becomes = as;
	s.peer = peer_start(shares);
	why = (int)hear_word(s.peer.channel);
	if (why != expected)
		fprintf(stderr, "errno is %d, not %d\n", why, expected);
	CHECK(why == expected);
	s.at = (unsigned char *)hear_word(s.peer.channel);
	return s;
}

static void are_one(struct peer *one, unsigned char *at_one, struct peer *other, unsigned char *at_other)
{
	static unsigned char seen = 100;
	peer_write(one, at_one, ++seen);
	CHECK(peer_read(other, at_other) == seen);
	peer_write(other, at_other + page - 1, seen);
	CHECK(peer_read(one, at_one + page - 1) == seen);
}

static void is_kept_by(void (*keeper_is)(void), void (*caller_is)(void), int expected)
{
	struct peer p = peer_start(owns);
	struct sharer keeper, caller;
	(void)peer_mapped(&p, memory);	/* once it answers, it is who it is */
	owner = p.pid;
	keeper = sharer_of(keeper_is, 0);
	are_one(&p, memory, &keeper.peer, keeper.at);
	caller = sharer_of(caller_is, expected);
	are_one(&p, memory, &keeper.peer, keeper.at);
	if (expected == 0)
		are_one(&caller.peer, caller.at, &keeper.peer, keeper.at);
	peer_dismiss(&caller.peer);
	peer_dismiss(&keeper.peer);
	caller = sharer_of(caller_is, 0);
	are_one(&p, memory, &caller.peer, caller.at);
	peer_dismiss(&caller.peer);
	peer_dismiss(&p);
}

int main(void)
{
	page = check_page();
	memory = utek_memory(page, 9);
	is_kept_by(as_alice, as_alice, 0);
	is_kept_by(as_root, as_root, 0);
	is_kept_by(as_root, as_alice, ENOTSUP);
	is_kept_by(as_undumpable_alice, as_alice, ENOTSUP);
	is_kept_by(as_alice, as_alice_without_descriptors, ENOTSUP);
	return 0;
}
