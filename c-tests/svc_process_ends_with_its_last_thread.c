/*
 * A process whose threads end one by one ends as without a service: with the
 * last of them, by exit(), which writes out what its streams still hold.
 */
#include "caller.h"
#include "service.h"

static void *worker(void *unused)
{
	(void)unused;
	usleep(50000);
	printf("last words");	/* no newline: a pipe's stream is written at exit */
	return NULL;
}

static void threads_end(int with_worker)
{
	char text[64] = "";
	int ends[2], status;
	pid_t pid;
	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]), close(ends[1]);
		mman_peer_serve_stop();
		CHECK_OK(mman_peer_serve());
		if (with_worker)
			CHECK(pthread_detach(thread_start(worker, NULL)) == 0);
		else
			printf("last words");
		pthread_exit(NULL);
	}
	close(ends[1]);
	CHECK(read(ends[0], text, sizeof text - 1) == (ssize_t)strlen("last words"));
	CHECK(strcmp(text, "last words") == 0);
	CHECK(read(ends[0], text, sizeof text) == 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(ends[0]);
}

int main(void)
{
	threads_end(0);
	threads_end(1);
	return 0;
}
