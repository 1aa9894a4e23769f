/*
 * What a process asks of Yama, seen by a seccomp supervisor: when the library
 * is loaded, prctl(PR_SET_PTRACER) once, with its own pid, so that its
 * descendants may map into it; with MMAN_PEER_ALLOW=any for anybody, with
 * none not at all. mman_peer_allow() asks what it was told, and passes on
 * what the kernel answers. The supervisor answers as a kernel with Yama does.
 */
#include "notify.h"
#include "caller.h"

enum { MOST = 16 };

static struct { pid_t pid; unsigned long long who; } asked[MOST];
static size_t asked_count;

static int judge(const struct seccomp_notif *r)
{
	if (r->data.args[0] != PR_SET_PTRACER)
		return 0;
	CHECK(asked_count < MOST);
	asked[asked_count].pid = (pid_t)r->pid;
	asked[asked_count].who = r->data.args[1];
	asked_count++;
	/* Yama, security/yama/yama_lsm.c: EINVAL of a pid that no process has. */
	return r->data.args[1] == 0x3fffffff ? EINVAL : NOTIFY_PRETEND;
}

static const char *setting;

/* The program anew, under supervision, with that setting. */
static int supervised_body(int channel)
{
	static const int calls[] = { SYS_prctl };
	char *again[] = { "again", "supervised", NULL };
	if (setting != NULL)
		CHECK(setenv("MMAN_PEER_ALLOW", setting, 1) == 0);
	else
		CHECK(unsetenv("MMAN_PEER_ALLOW") == 0);
	notify_begin(channel, calls, LENGTH_OF(calls));
	execv("/proc/self/exe", again);
	return 127;
}

/* In the program: what it asks for itself comes after what loading asked. */
static int supervised_main(void)
{
	pid_t parent = getppid();
	CHECK_OK(mman_peer_allow(parent));
	CHECK_OK(mman_peer_allow(-1));
	CHECK_OK(mman_peer_allow(0));
	CHECK_FAILS(mman_peer_allow(0x3fffffff), -1, ESRCH);
	CHECK_FAILS(mman_peer_allow(-2), -1, EINVAL);
	return 0;
}

static void check_asked(const char *with, int by_loading, unsigned long long who)
{
	struct peer p;
	size_t n = 0;
	setting = with;
	asked_count = 0;
	p = peer_start(supervised_body);
	notify_serve(&p, judge);
	CHECK(peer_status(&p) == 0);
	close(p.channel);
	if (by_loading) {
		CHECK(asked_count > 0 && asked[0].pid == p.pid);
		CHECK(asked[n++].who == (who == 0 ? (unsigned long long)p.pid : who));
	}
	if (asked_count < n + 3 || asked[n].who != (unsigned long long)getpid())
		fprintf(stderr, "with %s: asked %zu times, number %zu for %lld\n", with ? with : "nothing",
			asked_count, n, (long long)asked[n].who);
	CHECK(asked_count >= n + 3);
	CHECK(asked[n].who == (unsigned long long)getpid());
	CHECK(asked[n + 1].who == (unsigned long long)PR_SET_PTRACER_ANY);
	CHECK(asked[n + 2].who == 0);
	CHECK(asked_count <= n + 4);    /* the unknown pid: asked or known beforehand; -2 never */
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc == 2)
		return supervised_main();
	check_asked(NULL, 1, 0);
	check_asked("descendants", 1, 0);
	check_asked("any", 1, (unsigned long long)PR_SET_PTRACER_ANY);
	check_asked("none", 0, 0);
	return 0;
}
