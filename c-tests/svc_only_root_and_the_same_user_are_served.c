/*
 * A service serves root, and whose real or effective user is its own real or
 * saved one. Others are told so, and nothing is mapped, whatever they send.
 *
 * runs-as: root
 */
#include "target.h"
#include "service.h"

enum { ALICE = 65430, BOB = 65431 };

static int alices(int channel)
{
	become_user(ALICE);
	return serving_body(channel);
}

static pid_t target_pid;
static uid_t real, effective;

static int may(int channel)
{
	struct order o = order_to_map(check_page());
	struct answer a;
	int to;
	CHECK(setresuid(real, effective, BOB) == 0);
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

int main(void)
{
	struct peer target = peer_start(alices);
	size_t held;
	(void)peer_mapped(&target, NULL);
	target_pid = target.pid;
	CHECK(served(0, 0));
	CHECK(served(ALICE, ALICE));
	CHECK(served(ALICE, BOB));
	CHECK(served(BOB, ALICE));
	CHECK(served(BOB, 0));
	held = range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL);
	CHECK(!served(BOB, BOB));
	CHECK(!served(0, BOB));
	CHECK(!served(65534, 65534));
	CHECK(range_held(target.pid, (void *)4096, SIZE_MAX / 4, NULL) == held);
	peer_dismiss(&target);
	return 0;
}
