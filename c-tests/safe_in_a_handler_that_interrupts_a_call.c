/*
 * A handler that makes calls may interrupt a call of the same thread at any
 * instant: both are right, the inner as the outer, on one target and on two,
 * for anonymous memory and for descriptors. Nothing is left over.
 *
 * time-limit: 40
 */
#include "instants.h"

enum { ROUNDS = 600 };

static struct peer target, other;
static int inner_fd;
static volatile int in_call;
static volatile unsigned long inner_calls, inner_in_call;

static void on_alarm(int signal)
{
	int kept = errno;       /* an inner EINTR is this handler's own affair */
	size_t page = check_page();
	pid_t pid = inner_calls % 2 ? target.pid : other.pid;
	void *at;
	(void)signal;
	inner_in_call += in_call;
	at = map_again(pid, NULL, page, inner_calls % 4 < 2 ? PRIVATE_ANON : MAP_SHARED,
		inner_calls % 4 < 2 ? NOFD : inner_fd);
	unmap_again(pid, at, page);
	inner_calls++;
	errno = kept;
	next_instant();
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static char fds[8192], own_fds[8192], maps[65536], text[65536];
	const unsigned long enough = (unsigned long)check_rounds(ROUNDS) / 10;
	const double give_up = check_now() + 20;
	size_t page = check_page();
	int i, outer_fd = marked_memfd('o');
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	inner_fd = marked_memfd('i');
	target = consenting_peer();
	other = consenting_peer();
	unmap_again(target.pid, map_again(target.pid, NULL, page, MAP_SHARED, outer_fd), page);
	fd_list(target.pid, fds, sizeof fds);
	fd_list(getpid(), own_fds, sizeof own_fds);
	proc_text(target.pid, "maps", maps, sizeof maps);

	instants_begin(on_alarm, 0);
	/* On a busy machine an instant may be late, and so they are few. */
	for (i = 0; i < check_rounds(ROUNDS) || (inner_in_call <= enough && check_now() < give_up); i++) {
		unsigned char *at;
		in_call = 1;
		at = map_again(target.pid, NULL, page, MAP_SHARED, outer_fd);
		in_call = 0;
		CHECK(peer_read(&target, at) == 'o');
		in_call = 1;
		unmap_again(target.pid, at, page);
		in_call = 0;
		/* The handler may map at the same place in passing, so not now. */
		CHECK(sigprocmask(SIG_BLOCK, &alarm, NULL) == 0);
		CHECK(!peer_mapped(&target, at));
		CHECK(sigprocmask(SIG_UNBLOCK, &alarm, NULL) == 0);
	}
	no_more_instants();

	CHECK(inner_in_call > enough);
	check_same_text("the target's descriptors", fds, fd_list(target.pid, text, sizeof text));
	check_same_text("the target's mappings", maps, proc_text(target.pid, "maps", text, sizeof text));
	check_same_text("the caller's descriptors", own_fds, fd_list(getpid(), text, sizeof text));
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == 0);        /* the targets, and nobody else */
	peer_dismiss(&target);
	peer_dismiss(&other);
	printf("%d outer pairs, %lu inner pairs, %lu of them interrupted a call\n", i, inner_calls, inner_in_call);
	return 0;
}
