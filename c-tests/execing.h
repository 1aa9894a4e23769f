/*
 * execing.h: a target that executes its program anew, again and again, while
 * mappings are made and removed in it. No call fails or hangs, nor does the exec.
 */
#ifndef EXECING_H
#define EXECING_H
#include "disturb.h"

/* No image of the target has anything here, so that no pair hurts a later one. */
#define PLACE ((void *)0x20000000)

struct progress { atomic_ulong execs; atomic_int dismissed; pid_t tester; };

/* In the target, whose argv[2] is the descriptor of the progress: one image more, or the last. */
static inline void begin_image(char **argv)
{
	struct progress *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	CHECK(shared != MAP_FAILED);
	shared->execs++;
	/* Without its tester it would go on for ever. */
	if (shared->dismissed || getppid() != shared->tester)
		_exit(0);
}

/* Both have had their turns: an emulated machine may take longer for them. */
static inline int enough(int pairs, unsigned long execs)
{
	return pairs > check_rounds(50) && execs > (unsigned long)check_rounds(50);
}

/* The target gets the variant as argv[3]. */
static inline void pairs_amid_execs(char *name, char *variant, double seconds)
{
	struct progress *shared;
	char number[16], *again[] = { name, "target", number, variant, NULL };
	int fd, status, pairs = 0, object = an_object();
	pid_t pid, parent = getpid();
	unsigned long execs;
	double end;
	void *m;
	CHECK((fd = memfd_create("progress", 0)) != -1 && ftruncate(fd, PAGE) == 0);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(shared != MAP_FAILED);
	shared->tester = parent;
	snprintf(number, sizeof number, "%d", fd);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		execv("/proc/self/exe", again);
		_exit(1);
	}
	AWAIT(shared->execs > 10);
	execs = shared->execs;
	end = check_now() + check_span(seconds);
	for (; check_now() < end || (check_now() < end + 8 && !enough(pairs, shared->execs - execs)); pairs++) {
		if (pairs % 2)
			CHECK_MAPS(m, mmap_peer(pid, PLACE, check_page(), PROT_READ, MAP_SHARED | MAP_FIXED, object, 0));
		else
			CHECK_MAPS(m, mmap_peer(pid, PLACE, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON | MAP_FIXED, NOFD, 0));
		CHECK(m == PLACE);
		CHECK_OK(munmap_peer(pid, PLACE, check_page()));
	}
	execs = shared->execs - execs;
	fprintf(stderr, "%d pairs, %lu execs\n", pairs, execs);
	CHECK(enough(pairs, execs));
	shared->dismissed = 1;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fd);
	close(object);
}

#endif
