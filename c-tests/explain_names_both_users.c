/*
 * A target of another user: EPERM, and the sentence names both users, so that
 * one sees at once who is who, and root's way out.
 */
#include "caller.h"

static void check_names(pid_t pid, unsigned theirs, unsigned ours)
{
	char text[32];
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EPERM);
	snprintf(text, sizeof text, "user %u", theirs);
	CHECK(strstr(mman_peer_explain(), text) != NULL);
	snprintf(text, sizeof text, "user %u", ours);
	CHECK(strstr(mman_peer_explain(), text) != NULL);
	CHECK(strstr(mman_peer_explain(), "CAP_SYS_PTRACE") != NULL);
}

static pid_t target;

static int caller_body(int channel)
{
	(void)channel;
	CHECK(setgid(65431) == 0 && setuid(65431) == 0);
	check_names(target, 0, 65431);
	return 0;
}

int main(void)
{
	struct peer p, caller;
	if (geteuid() != 0) {
		check_names(1, 0, geteuid());   /* init */
		return 0;
	}
	p = consenting_peer();
	target = p.pid;
	caller = peer_start(caller_body);
	CHECK(peer_status(&caller) == 0);
	peer_dismiss(&p);
	return 0;
}
