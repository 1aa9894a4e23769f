/*
 * Eight threads call at once, all on one target and each on its own: every
 * call does what it says, each thread has its own errno and its own sentence,
 * and no descriptor or mapping is left anywhere.
 *
 * time-limit: 40
 */
#include "caller.h"

enum { THREADS = 8, ROUNDS = 60 };

static struct peer common, own[THREADS];
static int memfd;

static void pair(pid_t pid, int flags, int fd, size_t length)
{
	void *at;
	CHECK_MAPS(at, mmap_peer(pid, NULL, length, READ_WRITE, flags, fd, 0));
	CHECK_OK(munmap_peer(pid, at, length));
}

static void *calls(void *number)
{
	int me = (int)(intptr_t)number;
	size_t page = check_page();
	for (int i = 0; i < check_rounds(ROUNDS); i++) {
		char word[32];
		pid_t nobody = -100 - me;
		pair(common.pid, PRIVATE_ANON, NOFD, page * (size_t)(me + 1));
		pair(own[me].pid, MAP_SHARED, memfd, page);
		if (i % 8 == me)
			pair(common.pid, MAP_SHARED, memfd, page);
		CHECK_MAP_FAILS(mmap_peer(nobody, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
		snprintf(word, sizeof word, "%d", (int)nobody);
		sched_yield();
		CHECK(strstr(mman_peer_explain(), word) != NULL);
		CHECK_UNMAP_FAILS(munmap_peer(own[me].pid, NULL, 0), EINVAL);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	be_patient(argc, argv);
	static char maps[65536], fds[8192], own_fds[8192], text[65536];
	pthread_t threads[THREADS];

	memfd = marked_memfd('8');
	common = consenting_peer();
	for (int i = 0; i < THREADS; i++)
		own[i] = consenting_peer();
	pair(common.pid, MAP_SHARED, memfd, check_page());
	proc_text(common.pid, "maps", maps, sizeof maps);
	fd_list(common.pid, fds, sizeof fds);
	fd_list(getpid(), own_fds, sizeof own_fds);

	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(calls, (void *)(intptr_t)i);
	for (int i = 0; i < THREADS; i++)
		thread_end(threads[i]);

	check_same_text("the target's mappings", maps, proc_text(common.pid, "maps", text, sizeof text));
	check_same_text("the target's descriptors", fds, fd_list(common.pid, text, sizeof text));
	check_same_text("the caller's descriptors", own_fds, fd_list(getpid(), text, sizeof text));
	CHECK(waitpid(-1, NULL, WNOHANG | __WALL) == 0);
	for (int i = 0; i < THREADS; i++)
		peer_dismiss(&own[i]);
	peer_dismiss(&common);
	return 0;
}
