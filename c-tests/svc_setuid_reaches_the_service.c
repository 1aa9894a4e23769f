/*
 * setuid() and its like return, and reach the service's threads as all others:
 * no thread keeps the rights of before, and who was served as the same user is
 * a stranger now.
 *
 * runs-as: root
 */
#include "target.h"
#include "service.h"
#include <dirent.h>

enum { ALICE = 65430 };

static int body(int channel)
{
	CHECK_OK(mman_peer_serve());
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);
	become_user(ALICE);
	tell_word(channel, 1);
	return obedient_body(channel);
}

static void all_threads_are(pid_t pid, uid_t uid)
{
	char path[300], line[256];
	struct dirent *e;
	int seen = 0;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL) {
		unsigned u[4];
		FILE *f;
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, e->d_name);
		f = fopen(path, "re");
		CHECK(f != NULL);
		while (fgets(line, sizeof line, f))
			if (sscanf(line, "Uid: %u %u %u %u", &u[0], &u[1], &u[2], &u[3]) == 4) {
				CHECK(u[0] == uid && u[1] == uid && u[2] == uid && u[3] == uid);
				seen++;
			}
		fclose(f);
	}
	closedir(d);
	CHECK(seen == 3);
}

static pid_t target_pid;
static int asks_as_alice(int channel)
{
	struct order o = order_of(ORDER_NOTHING);
	struct answer a;
	int to;
	(void)channel;
	become_user(ALICE);
	to = service_connect(target_pid);
	CHECK(send(to, &o, sizeof o, 0) == sizeof o && recv(to, &a, sizeof a, 0) == sizeof a);
	return a.kind == 1 ? 0 : 3;
}

static int served_as_alice(void)
{
	struct peer p = peer_start(asks_as_alice);
	int status = peer_status(&p);
	CHECK(status == 0 || status == 3);
	close(p.channel);
	return status == 0;
}

int main(void)
{
	struct peer target = peer_start(body);
	target_pid = target.pid;
	CHECK(hear_word(target.channel) == 1);
	all_threads_are(target.pid, 0);
	CHECK(!served_as_alice());
	tell_word(target.channel, 1);
	CHECK(hear_word(target.channel) == 1);
	all_threads_are(target.pid, ALICE);
	CHECK(served_as_alice());
	use_service(&target);
	peer_dismiss(&target);
	return 0;
}
