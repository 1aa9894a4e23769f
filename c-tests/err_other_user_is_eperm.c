/*
 * An ordinary user's call on a process of another user, of root, or of the
 * same user with another group is EPERM, whatever else is wrong with the
 * arguments; root may call on anybody..
 *
 * runs-as: root
 */
#include "target.h"

enum { ALICE = 61111, BOB = 62222 };

static void as_root(void) { CHECK(prctl(PR_SET_DUMPABLE, 1) == 0); }
static void as_alice(void) { become_user(ALICE); }
static void as_bob(void) { become_user(BOB); }
static void as_alice_of_another_group(void)
{
	CHECK(syscall(SYS_setresgid, BOB, BOB, BOB) == 0);
	CHECK(syscall(SYS_setresuid, ALICE, ALICE, ALICE) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

static void refused(struct target *t)
{
	const struct bad_call calls[] = {
		{ "good call", NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0, EPERM },
		{ "no type", NULL, PAGE, PROT_READ, 0, NOFD, 0, EPERM },
		{ "len 0", NULL, 0, PROT_READ, MAP_SHARED, NOFD, 0, EPERM },
		{ "unknown prot", NULL, PAGE, 0x100, MAP_SHARED, NOFD, 0, EPERM },
		{ "MAP_SYSRAM", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_SYSRAM, NOFD, 0, EPERM },
		{ "MAP_HANDLE", NULL, PAGE, PROT_READ, MAP_SHARED | MAP_HANDLE, NOFD, 0, EPERM },
		{ "closed descriptor", NULL, PAGE, PROT_READ, MAP_SHARED, CLOSED_FD, 0, EPERM },
		{ "length wraps", NULL, SIZE_MAX, PROT_READ, MAP_SHARED, NOFD, 0, EPERM },
	};
	CHECK_BAD_CALLS(t, calls);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, (void *)0x10000, PAGE), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, 0), EPERM);
	UNMAP_FAILS_CLEANLY(t, munmap_peer(t->pid, NULL, SIZE_MAX), EPERM);
}

static struct target roots, alices, bobs, others;

static void alice_calls(void)
{
	become_user(ALICE);
	target_warm_up(&alices);
	refused(&roots);
	refused(&bobs);
	refused(&others);
	CHECK(free_range(&alices, PAGE) != NULL);
}

int main(void)
{
	roots = target_start(as_root);
	alices = target_start(as_alice);
	bobs = target_start(as_bob);
	others = target_start(as_alice_of_another_group);
	in_child(alice_calls);
	CHECK(free_range(&roots, PAGE) != NULL);
	CHECK(free_range(&alices, PAGE) != NULL);
	CHECK(free_range(&bobs, PAGE) != NULL);
	CHECK(free_range(&others, PAGE) != NULL);
	peer_dismiss(&roots.peer);
	peer_dismiss(&alices.peer);
	peer_dismiss(&bobs.peer);
	peer_dismiss(&others.peer);
	return 0;
}
