/*
 * In a pid namespace without a /proc of its own, what /proc says of a number is
 * said of somebody else. A call on another process is refused with the remedy,
 * and leaves it alone; one on the caller itself works, and all do with the
 * namespace's own /proc. Likewise where /proc is a namespace's that does not have
 * the caller, and where it has somebody else by the caller's number or as good as
 * no descriptor is left to find that out by. What has ended is ESRCH as ever.
 */
#include "target.h"
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

static int as_root;      /* of the outermost user namespace */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd != -1 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void is_refused(struct peer *target)
{
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), EPERM);
	CHECK(strstr(mman_peer_explain(), "mount the caller's own") != NULL);
	CHECK_UNMAP_FAILS(munmap_peer(target->pid, (void *)0x10000, PAGE), EPERM);
}

/* When no more than one descriptor is to be had. */
static void fails_with_one_descriptor(struct peer *target, int want)
{
	struct rlimit full, one;
	int free_one = dup(target->channel);
	CHECK(free_one != -1 && close(free_one) == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &full) == 0);
	one = full;
	one.rlim_cur = (rlim_t)free_one + 1;
	CHECK(setrlimit(RLIMIT_NOFILE, &one) == 0);
	CHECK_MAP_FAILS(mmap_peer(target->pid, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), want);
	CHECK(setrlimit(RLIMIT_NOFILE, &full) == 0);
}

static void zombie_is_gone(void)
{
	siginfo_t info;
	pid_t zombie = fork();
	if (zombie == 0)
		_exit(0);
	CHECK(zombie != -1 && waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT) == 0);
	CHECK_MAP_FAILS(mmap_peer(zombie, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ESRCH);
	CHECK_UNMAP_FAILS(munmap_peer(zombie, (void *)0x10000, PAGE), ESRCH);
	CHECK(waitpid(zombie, NULL, 0) == zombie);
}

static void works(pid_t pid)
{
	void *m;
	CHECK_MAPS(m, mmap_peer(pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
	CHECK_OK(munmap_peer(pid, m, PAGE));
}

static void mount_proc(void)
{
	if (mount("proc", "/proc", "proc", 0, NULL) == -1)
		check_skip("no /proc for a new pid namespace: %s", strerror(errno));
}

/* In a child; its skip is ours. */
static void in_child_of(void (*body)(void))
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		body();
		_exit(0);
	}
	CHECK(child != -1 && waitpid(child, &status, 0) == child && WIFEXITED(status));
	if (WEXITSTATUS(status) != 0)
		_exit(WEXITSTATUS(status));
}

/* Of a process that has the same number in the outer namespace: root can choose it. */
static void refused_by_the_same_number(struct peer *target)
{
	pid_t numbers[2] = { 0, 0 }, child;
	struct clone_args how = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)numbers, .set_tid_size = 2 };
	int number, status;
	for (number = 30000, child = -1; child == -1 && number > 300; number--) {
		numbers[0] = numbers[1] = number;
		child = (pid_t)syscall(SYS_clone3, &how, sizeof how);
		CHECK(child != -1 || errno == EEXIST);
	}
	if (child == 0) {
		CHECK(getpid() == numbers[0]);
		/* To be told apart takes a file of /proc. */
		fails_with_one_descriptor(target, EMFILE);
		is_refused(target);
		works(getpid());
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void beneath_anothers_proc(void)
{
	struct peer target = peer_start(obedient_body);
	CHECK(getpid() == 1);
	(void)peer_mapped(&target, NULL);
	is_refused(&target);
	fails_with_one_descriptor(&target, EPERM);
	works(getpid());
	zombie_is_gone();
	if (as_root)
		refused_by_the_same_number(&target);
	mount_proc();
	works(target.pid);
	CHECK(umount("/proc") == 0);
	is_refused(&target);
	peer_dismiss(&target);
}

static void as_first_process(void)
{
	if (unshare(CLONE_NEWPID) == -1)
		check_skip("no new pid namespace: %s", strerror(errno));
	in_child_of(beneath_anothers_proc);
}

static void first_process_mounts(void)
{
	CHECK(unshare(CLONE_NEWPID) == 0);
	in_child_of(mount_proc);
}

static void in_a_mount_namespace(void)
{
	struct peer target;
	char map[32];
	uid_t user = geteuid();
	if (unshare(CLONE_NEWNS | (user != 0 ? CLONE_NEWUSER : 0)) == -1)
		check_skip("no new mount namespace: %s", strerror(errno));
	if (user != 0) {
		snprintf(map, sizeof map, "0 %u 1", user);
		write_to("/proc/self/uid_map", map);
	}
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	in_child_of(as_first_process);
	target = peer_start(obedient_body);
	(void)peer_mapped(&target, NULL);
	works(target.pid);
	in_child_of(first_process_mounts);
	is_refused(&target);
	fails_with_one_descriptor(&target, EPERM);
	works(getpid());
	zombie_is_gone();
	CHECK(umount2("/proc", MNT_DETACH) == 0);
	works(target.pid);
	peer_dismiss(&target);
}

int main(void)
{
	as_root = geteuid() == 0;
	in_child_of(in_a_mount_namespace);
	return 0;
}
