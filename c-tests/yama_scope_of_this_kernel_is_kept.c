/*
 * Where the kernel has Yama, whom a caller may map into is what its scope says:
 * in scope 1 an ordinary user's descendants, and who has admitted it; in scope 2
 * nobody's but a privileged caller's; in scope 3 nobody's. A refusal names the
 * scope and the way out. Into itself a process may always map.
 */
#include "caller.h"

enum { ITSELF, CHILD, GRANDCHILD, PARENT, ADMITTING, STRANGER, KINSHIPS };

/* One row a scope: whom an ordinary user's process reaches, and root's; the remedy. */
static const struct { const char user[KINSHIPS + 1], root[KINSHIPS + 1], *remedy; } scopes[] = {
	{ "yyyyyy", "yyyyyy", "" },
	{ "yyyyyn", "yyyyyy", "mman_peer_allow(" },
	{ "ynnnnn", "yyyyyy", "CAP_SYS_PTRACE" },
	{ "ynnnnn", "ynnnnn", "next boot" },
};

static int scope;
static pid_t parent, admitting, stranger;

static void maps(pid_t pid, int fd)
{
	void *at;
	CHECK_MAPS(at, mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(pid, at, check_page()));
	CHECK_MAPS(at, mmap_peer(pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(pid, at, check_page()));
}

static void check_refusal(void)
{
	char name[64];
	snprintf(name, sizeof name, "kernel.yama.ptrace_scope is %d", scope);
	if (strstr(mman_peer_explain(), name) == NULL || strstr(mman_peer_explain(), scopes[scope].remedy) == NULL) {
		fprintf(stderr, "%s\n", mman_peer_explain());
		check_failed(__FILE__, __LINE__, "the sentence names the scope and the way out");
	}
}

static void is_refused(pid_t pid, int fd)
{
	static char before[65536], after[65536];
	proc_text(pid, "maps", before, sizeof before);
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), EPERM);
	check_refusal();
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, 0), EPERM);
	check_refusal();
	CHECK_UNMAP_FAILS(munmap_peer(pid, (void *)(16 * check_page()), check_page()), EPERM);
	check_refusal();
	check_same_text("the target's mappings", before, proc_text(pid, "maps", after, sizeof after));
}

static int has_a_child(int channel)
{
	struct peer child = peer_start(obedient_body);
	tell_word(channel, (uintptr_t)child.pid);
	hear_word(channel);
	peer_dismiss(&child);
	return 0;
}

static int caller_body(int channel)
{
	struct peer child = peer_start(obedient_body), grand = peer_start(has_a_child);
	const pid_t pids[KINSHIPS] = { getpid(), child.pid, (pid_t)hear_word(grand.channel), parent, admitting, stranger };
	const char *may = geteuid() == 0 ? scopes[scope].root : scopes[scope].user;
	int fd = marked_memfd('Y');
	tell_word(channel, 1);
	CHECK(hear_word(channel) == 1);         /* it has been admitted */
	for (int who = 0; who < KINSHIPS; who++) {
		fprintf(stderr, "scope %d, kinship %d: %c\n", scope, who, may[who]);
		if (may[who] == 'y')
			maps(pids[who], fd);
		else
			is_refused(pids[who], fd);
	}
	tell_word(grand.channel, 0);
	CHECK(peer_status(&grand) == 0);
	peer_dismiss(&child);
	return 0;
}

/* It hears who may: 0 stands for nobody. */
static int admits(int channel)
{
	pid_t pid = (pid_t)hear_word(channel);
	CHECK(mman_peer_allow(pid) == 0);
	tell_word(channel, 1);
	return sleep_for_ever();
}

/* cat(1) knows nothing of the library. */
static int be_cat(int channel)
{
	CHECK(dup2(channel, 0) == 0 && dup2(channel, 1) == 1);
	execlp("cat", "cat", (char *)NULL);
	return 1;
}

int main(int argc, char **argv)
{
	struct peer cat, friend, caller;
	be_patient(argc, argv);
	scope = yama_scope();
	if (scope == -1)
		check_skip("this kernel has no Yama");
	cat = peer_start(be_cat);
	tell_word(cat.channel, 1);
	CHECK(hear_word(cat.channel) == 1);     /* it is cat by now */
	friend = peer_start(admits);
	stranger = cat.pid;
	admitting = friend.pid;
	parent = getpid();
	caller = peer_start(caller_body);
	CHECK(hear_word(caller.channel) == 1);
	tell_word(friend.channel, (uintptr_t)caller.pid);
	CHECK(hear_word(friend.channel) == 1);
	tell_word(caller.channel, 1);
	CHECK(peer_status(&caller) == 0);
	peer_kill(&friend);
	peer_kill(&cat);
	return 0;
}
