/*
 * A caller whose seccomp filter denies what the library needs (EPERM, as
 * containers and sandboxes do; ENOSYS, as old kernels do) gets its mapping by
 * other means or an errno of the documented ones with a sentence; nothing is
 * left in the target, no descriptor in the caller, and no process.
 *
 * time-limit: 60
 */
#include "deny.h"
#include "limits.h"

/* Younger processors have none of these. */
#if defined(SYS_fork)
#define OLDER_CLONES SYS_fork, SYS_vfork
#define OLDER_OPEN SYS_open
#else
#define OLDER_CLONES 0
#define OLDER_OPEN 0
#endif

static const struct denial {
	const char *name;
	int calls[6];
	int with;
	int errnos[4];          /* what the call may say; the list ends with 0 */
	int must_fail;
} denials[] = {
	{ "ptrace EPERM", { SYS_ptrace }, EPERM, { EPERM }, 1 },
	{ "ptrace ENOSYS", { SYS_ptrace }, ENOSYS, { EPERM }, 1 },
	{ "ptrace and process_vm_* EPERM", { SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev }, EPERM, { EPERM }, 1 },
	{ "clone EPERM", { SYS_clone, SYS_clone3, OLDER_CLONES }, EPERM, { EPERM, EAGAIN }, 0 },
	{ "clone ENOSYS", { SYS_clone, SYS_clone3, OLDER_CLONES }, ENOSYS, { EPERM, EAGAIN }, 0 },
	{ "pidfd_open EPERM", { SYS_pidfd_open }, EPERM, { EPERM }, 0 },
	{ "pidfd_getfd EPERM", { SYS_pidfd_getfd }, EPERM, { EPERM }, 0 },
	{ "process_vm_* EPERM", { SYS_process_vm_readv, SYS_process_vm_writev }, EPERM, { EPERM }, 0 },
	{ "openat EPERM", { SYS_openat, SYS_openat2, OLDER_OPEN }, EPERM, { EPERM }, 0 },
	{ "openat ENOSYS", { SYS_openat, SYS_openat2, OLDER_OPEN }, ENOSYS, { EPERM }, 0 },
	{ "pidfd_send_signal EPERM", { SYS_pidfd_send_signal }, EPERM, { EPERM }, 0 },
	{ "setsid EPERM", { SYS_setsid, SYS_setpgid }, EPERM, { EPERM }, 0 },
	{ "wait4 EPERM", { SYS_wait4, SYS_waitid }, EPERM, { EPERM, EAGAIN }, 0 },
	{ "setitimer EPERM", { SYS_setitimer, SYS_timer_create }, EPERM, { EPERM }, 0 },
	{ "sendmsg EPERM", { SYS_sendmsg, SYS_connect, SYS_bind }, EPERM, { EPERM }, 0 },
	{ "kcmp EPERM", { SYS_kcmp }, EPERM, { EPERM }, 0 },
};

static struct peer target;
static const struct denial *the_denial;

static size_t count_of(const int *calls)
{
	size_t n = 0;
	while (n < 6 && calls[n] != 0)
		n++;
	return n;
}

/* Asked number by number: /proc may be out of reach. */
static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

static int caller_body(int channel)
{
	const struct denial *d = the_denial;
	int fd = marked_memfd('y'), open_before, done[2];
	(void)channel;
	open_before = open_descriptors();
	deny(d->calls, count_of(d->calls), d->with);
	done[0] = call_allowing(d->name, target.pid, PRIVATE_ANON, NOFD, d->errnos, NULL);
	if (!done[0])
		printf("%s: %s\n", d->name, mman_peer_explain());
	done[1] = call_allowing(d->name, target.pid, MAP_SHARED, fd, d->errnos, NULL);
	if (done[0] && !done[1])
		printf("%s, with a descriptor: %s\n", d->name, mman_peer_explain());
	fflush(stdout);
	CHECK(!d->must_fail || (!done[0] && !done[1]));
	CHECK(waitpid(-1, NULL, __WALL | WNOHANG) == -1 && (errno == ECHILD || errno == d->with));
	CHECK(open_descriptors() == open_before);
	return 0;
}

int main(int argc, char **argv)
{
	static struct residue before, after;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	target = consenting_peer();
	residue_look(&before, target.pid);
	for (the_denial = denials; the_denial < denials + LENGTH_OF(denials); the_denial++) {
		struct peer caller = peer_start(caller_body);
		int status = peer_status(&caller);
		if (status != 0)
			fprintf(stderr, "denied: %s\n", the_denial->name);
		CHECK(status == 0);
		close(caller.channel);
		CHECK(proc_status(target.pid, "TracerPid") == 0);
		residue_look(&after, target.pid);
		check_same_text("the target's mappings", before.maps, after.maps);
		check_same_text("the target's descriptors", before.fds, after.fds);
	}
	CHECK(!peer_mapped(&target, NULL));     /* it still answers */
	peer_dismiss(&target);
	return 0;
}
