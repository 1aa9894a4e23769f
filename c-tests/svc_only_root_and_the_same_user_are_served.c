/*
 * A service serves root, and whose real or effective user is its own real or
 * saved one. Others are told so, and nothing is mapped, whatever they send. Users
 * are those of the target's user namespace: who is root in one of its own is
 * none elsewhere, and whom it does not have is nobody, be he root.
 *
 * runs-as: root
 */
#include "target.h"
#include "service.h"
#include "user_namespace.h"

enum { ALICE = 65430, BOB = 65431, OVERFLOW = 65534 };

static int alices(int channel)
{
	become_user(ALICE);
	return serving_body(channel);
}

static int alices_as_root_of_a_namespace(int channel)
{
	become_user(ALICE);
	enter_namespace_as(0);
	return serving_body(channel);
}

/* By the number that the kernel shows in place of all others. */
static int alices_as_nobody_of_a_namespace(int channel)
{
	become_user(ALICE);
	enter_namespace_as(OVERFLOW);
	return serving_body(channel);
}

static pid_t target_pid;
static uid_t real, effective;
static int in_a_namespace;

static int may(int channel)
{
	struct order o = order_to_map(check_page());
	struct answer a;
	int to;
	CHECK(setresuid(real, effective, BOB) == 0);
	if (in_a_namespace) {
		CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);	/* else /proc/self is root's */
		enter_namespace_as(0);
	}
	to = service_connect(target_pid);
	CHECK(to != -1);
	CHECK(send(to, &o, sizeof o, 0) == sizeof o);
	CHECK(recv(to, &a, sizeof a, 0) == sizeof a);
	CHECK(a.kind == 1 || a.kind == 3);
	tell_word(channel, a.kind == 1);
	return 0;
}

static int served(uid_t r, uid_t e)
{
	struct peer asker;
	int answer;
	real = r, effective = e;
	asker = peer_start(may);
	answer = (int)hear_word(asker.channel);
	CHECK(peer_status(&asker) == 0);
	close(asker.channel);
	return answer;
}

static struct peer served_by(int (*body)(int channel))
{
	struct peer target = peer_start(body);
	(void)peer_mapped(&target, NULL);
	target_pid = target.pid;
	return target;
}

int main(void)
{
	struct peer target = served_by(alices);
	size_t held;
	CHECK(served(0, 0));
	CHECK(served(ALICE, ALICE));
	CHECK(served(ALICE, BOB));
	CHECK(served(BOB, ALICE));
	CHECK(served(BOB, 0));
	held = range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL);
	CHECK(!served(BOB, BOB));
	CHECK(!served(0, BOB));
	CHECK(!served(OVERFLOW, OVERFLOW));
	CHECK(range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL) == held);
	if (!has_user_namespaces())
		check_skip("no new user namespace: the users above are served and refused as they should");
	in_a_namespace = 1;
	CHECK(served(ALICE, ALICE));
	held = range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL);
	CHECK(!served(BOB, BOB));
	in_a_namespace = 0;
	CHECK(range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL) == held);
	peer_dismiss(&target);

	target = served_by(alices_as_root_of_a_namespace);
	CHECK(served(ALICE, ALICE));
	held = range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL);
	CHECK(!served(0, 0));
	CHECK(!served(BOB, BOB));
	CHECK(range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL) == held);
	peer_dismiss(&target);

	target = served_by(alices_as_nobody_of_a_namespace);
	CHECK(!served(BOB, BOB));
	CHECK(!served(ALICE, ALICE));
	peer_dismiss(&target);
	return 0;
}
