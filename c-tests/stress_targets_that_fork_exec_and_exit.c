/*
 * Eight processes with four threads each call on targets that fork, vfork,
 * start and end threads, exec and exit all the time. Every call succeeds or
 * says ESRCH of a target that has ended, or EAGAIN of one that others hold; no
 * target is harmed: each ends of its own will, having found its registers,
 * memory and sleeps as they must be. No call hangs.
 *
 * time-limit: 60
 */
#include "killing.h"

enum { CALLERS = 8, THREADS = 4, TARGETS = 5, SECONDS = 4, KEPT = 64 };

static struct board {
	volatile pid_t targets[TARGETS];
	volatile int over;
	volatile unsigned long done, gone, busy;
} *board;

/* ---- the targets ---- */

static void *short_lived(void *unused) { sched_yield(); return unused; }

static void start_child(int with_vfork)
{
	int status;
	pid_t child = with_vfork ? vfork() : fork();
	CHECK(child != -1);
	if (child == 0)
		_exit(5);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

/* Its life has `lives` programs in one process, each of some steps. */
static int target_main(int lives, unsigned seed)
{
	static unsigned long memory[4096];
	pthread_t thread;
	CHECK(mman_peer_allow(-1) == 0);
	for (size_t i = 0; i < LENGTH_OF(memory); i++)
		memory[i] = i * 0x0101010101010101ul;
	for (unsigned step = 0; step < 60; step++) {
		unsigned long broken = witness_look(step, memory, LENGTH_OF(memory));
		if (broken != 0) {
			fprintf(stderr, "the target found %lu broken in step %u\n", broken, step);
			return 3;
		}
		switch (random_below(&seed, 12)) {
		case 0: start_child(0); break;
		case 1: start_child(1); break;
		case 2: thread = thread_start(short_lived, NULL); thread_end(thread); break;
		case 3: (void)thread_start(short_lived, NULL); break;
		case 4: usleep(100); break;
		}
	}
	if (lives > 0) {
		char more[16], next[16];
		char *again[] = { "target", more, next, NULL };
		snprintf(more, sizeof more, "%d", lives - 1);
		snprintf(next, sizeof next, "%u", seed);
		execv("/proc/self/exe", again);
		CHECK(!"execv");
	}
	if (seed % 2)
		_exit(0);
	pthread_exit(NULL);     /* the leader ends first, if threads are left */
}

static pid_t target_start(unsigned seed)
{
	char text[16];
	char *arguments[] = { "target", "2", text, NULL };
	pid_t pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		snprintf(text, sizeof text, "%u", seed);
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	return pid;
}

static void target_ended(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fprintf(stderr, "target %d ended with status %x\n", (int)pid, (unsigned)status);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the callers ---- */

/* Every thread has a place of its own that no program is loaded at. */
static void *place_of(unsigned number) { return (void *)(uintptr_t)(0x100000000000 + number * 0x1000000ul); }

static int expected_outcome(int failed)
{
	if (!failed)
		__atomic_add_fetch(&board->done, 1, __ATOMIC_RELAXED);
	else if (errno == ESRCH)
		__atomic_add_fetch(&board->gone, 1, __ATOMIC_RELAXED);
	else if (errno == EAGAIN)
		__atomic_add_fetch(&board->busy, 1, __ATOMIC_RELAXED);
	else
		fprintf(stderr, "errno %d (%s): %s\n", errno, strerror(errno), mman_peer_explain());
	CHECK(!failed || errno == ESRCH || errno == EAGAIN);
	return !failed;
}

static int caller_memfd;

static void *calls(void *number)
{
	unsigned me = (unsigned)(uintptr_t)number, seed = me;
	void *place = place_of(me);
	while (!board->over) {
		pid_t pid = board->targets[random_below(&seed, TARGETS)];
		int by_fd = random_below(&seed, 3) == 0;
		void *at = mmap_peer(pid, place, check_page(), READ_WRITE,
			MAP_FIXED | (by_fd ? MAP_SHARED : PRIVATE_ANON), by_fd ? caller_memfd : NOFD, 0);
		if (expected_outcome(at == MAP_FAILED)) {
			CHECK(at == place);
			expected_outcome(munmap_peer(pid, place, check_page()) != 0);
		}
	}
	return NULL;
}

static unsigned caller_number;

static int caller_body(int channel)
{
	pthread_t threads[THREADS];
	(void)channel;
	caller_memfd = marked_memfd('z');
	for (unsigned i = 0; i < THREADS; i++)
		threads[i] = thread_start(calls, (void *)(uintptr_t)(caller_number * THREADS + i + 1));
	for (unsigned i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct peer callers[CALLERS];
	pid_t ended[KEPT] = { 0 };
	/* A slow machine would be all callers' and no target's. */
	const unsigned many = check_slowness() > 1 ? 2 : CALLERS;
	unsigned started = 0, slot = 0;
	double end, at_last;

	if (argc == 3)
		return target_main(atoi(argv[1]), (unsigned)strtoul(argv[2], NULL, 10));
	be_patient(argc, argv);
	board = mmap(NULL, sizeof *board, READ_WRITE, MAP_SHARED | MAP_ANON, -1, 0);
	CHECK(board != MAP_FAILED);
	for (int i = 0; i < TARGETS; i++)
		board->targets[i] = target_start(++started);
	for (caller_number = 0; caller_number < many; caller_number++)
		callers[caller_number] = peer_start(caller_body);

	/*
	 * An ended target gives way to a new one at once but is reaped much
	 * later: till then its pid is nobody else's.
	 */
	end = check_now() + check_fewer(SECONDS) * check_span(1);
	at_last = end + 3 * SECONDS;    /* a slow machine's targets live longer */
	for (; check_now() < end || (started <= 2 * TARGETS && check_now() < at_last); usleep(500)) {
		for (int i = 0; i < TARGETS; i++) {
			siginfo_t info;
			pid_t pid = board->targets[i];
			memset(&info, 0, sizeof info);
			CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
			if (info.si_pid == 0)
				continue;
			board->targets[i] = target_start(++started);
			if (ended[slot] != 0)
				target_ended(ended[slot]);
			ended[slot] = pid;
			slot = (slot + 1) % KEPT;
		}
	}
	board->over = 1;
	for (unsigned i = 0; i < many; i++)
		CHECK(peer_status(&callers[i]) == 0);
	for (int i = 0; i < TARGETS; i++)
		target_ended(board->targets[i]);
	for (int i = 0; i < KEPT; i++)
		if (ended[i] != 0)
			target_ended(ended[i]);
	printf("%u targets; %lu calls done, %lu ESRCH, %lu EAGAIN\n", started, board->done, board->gone, board->busy);
	CHECK(started > 2 * TARGETS);
	CHECK(board->done > (unsigned long)check_rounds(200));
	CHECK(board->busy < board->done / 10);
	return 0;
}
