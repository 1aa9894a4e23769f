/*
 * freezing.h: a target in a frozen control group, of the version 1 freezer and
 * of version 2, and what a call must do then.
 */
#ifndef FREEZING_H
#define FREEZING_H
#include "disturb.h"

static char group[256];         /* the directory of the test's own group */
static int group_version;

static inline void group_file(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", group, name);
}

static inline int group_write(const char *name, const char *text)
{
	char path[320];
	int fd, ok;
	group_file(path, sizeof path, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return ok;
}

static inline int group_says(const char *name, const char *text)
{
	char path[320], content[256];
	group_file(path, sizeof path, name);
	slurp(path, content, sizeof content);
	return strstr(content, text) != NULL;
}

/* Makes a group where a hierarchy of that kind is mounted; else the test ends. */
static inline void group_make(int version)
{
	char mounts[16384], *line, *rest, place[200], type[32], options[256];
	slurp("/proc/mounts", mounts, sizeof mounts);
	for (line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (sscanf(line, "%*s %199s %31s %255s", place, type, options) != 3)
			continue;
		if (version == 1 ? strcmp(type, "cgroup") != 0 || !strstr(options, "freezer") : strcmp(type, "cgroup2") != 0)
			continue;
		snprintf(group, sizeof group, "%s/mman_peer.%d", place, (int)getpid());
		if (mkdir(group, 0755) == 0) {
			group_version = version;
			return;
		}
	}
	check_skip("no cgroup hierarchy of version %d%s in which a group can be made", version,
		version == 1 ? " with the freezer" : "");
}

static inline void group_add(pid_t pid)
{
	char number[16];
	snprintf(number, sizeof number, "%d", (int)pid);
	CHECK(group_write("cgroup.procs", number));
}

static inline void group_freeze(void)
{
	if (group_version == 1) {
		CHECK(group_write("freezer.state", "FROZEN"));
		AWAIT(group_says("freezer.state", "FROZEN"));
	} else {
		CHECK(group_write("cgroup.freeze", "1"));
		AWAIT(group_says("cgroup.events", "frozen 1"));
	}
}

static inline void group_thaw(void)
{
	if (group_version == 1) {
		CHECK(group_write("freezer.state", "THAWED"));
		AWAIT(group_says("freezer.state", "THAWED"));
	} else {
		CHECK(group_write("cgroup.freeze", "0"));
		AWAIT(group_says("cgroup.events", "frozen 0"));
	}
}

/* A target that goes on until it is dismissed. */
static struct { atomic_ulong progress; atomic_int dismissed; } *frozen_shared;

static inline int frozen_target(int channel)
{
	(void)channel;
	while (!frozen_shared->dismissed) {
		CHECK(usleep(200) == 0);
		frozen_shared->progress++;
	}
	return 0;
}

static inline void be_told(int sig) { (void)sig; }

/*
 * Runs the test proper in a group of its own. However that ends, the group is
 * thawed and removed: what is frozen cannot even be killed.
 */
static inline int with_group(int version, int (*body)(void))
{
	struct sigaction a = { .sa_handler = be_told };
	pid_t child;
	int status = 0;
	group_make(version);
	CHECK(sigaction(SIGTERM, &a, NULL) == 0);       /* from the runner: too long */
	child = fork();
	CHECK(child != -1);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGTERM, SIG_DFL);
		_exit(body());
	}
	if (waitpid(child, &status, 0) == -1) {
		kill(child, SIGKILL);
		status = 1;
	}
	group_thaw();
	AWAIT(rmdir(group) == 0);
	return status == 0 ? 0 : 1;
}

/* While it is frozen: EAGAIN within the limit. Afterwards: as ever. */
static inline int check_frozen(void)
{
	struct peer p;
	unsigned long progress;
	double began, took;
	int round, status;
	frozen_shared = shared_memory(sizeof *frozen_shared);
	p = peer_start(frozen_target);
	group_add(p.pid);
	for (round = 0; round < 3; round++) {
		AWAIT(frozen_shared->progress > 2);
		group_freeze();
		progress = frozen_shared->progress;
		began = check_now();
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), EAGAIN);
		took = check_now() - began;
		fprintf(stderr, "after %.3f s: %s\n", took, mman_peer_explain());
		CHECK(took > 0.14 && took < 0.7);
		CHECK_UNMAP_FAILS(munmap_peer(p.pid, (void *)0x200000000, check_page()), EAGAIN);
		CHECK(tracer_of(p.pid) == 0);
		CHECK(frozen_shared->progress == progress);
		group_thaw();
		AWAIT(frozen_shared->progress > progress + 2);
		disturb_times(p.pid, 5);
		CHECK(waitpid(p.pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == 0);
	}
	frozen_shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}

/* Stopped, and then frozen: likewise. */
static inline int check_stopped_and_frozen(void)
{
	struct peer p;
	frozen_shared = shared_memory(sizeof *frozen_shared);
	p = peer_start(frozen_target);
	group_add(p.pid);
	AWAIT(frozen_shared->progress > 2);
	CHECK(kill(p.pid, SIGSTOP) == 0);
	await_state(p.pid, 'T');
	group_freeze();
	CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, check_page(), PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), EAGAIN);
	group_thaw();
	CHECK(kill(p.pid, SIGCONT) == 0);
	disturb_times(p.pid, 5);
	frozen_shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}

/* Frozen and thawed in between: the calls wait for the thaw, and all are done. */
static inline int check_freezing_meanwhile(void)
{
	struct peer p;
	struct storm storm;
	unsigned long progress;
	int round, pairs;
	frozen_shared = shared_memory(sizeof *frozen_shared);
	p = peer_start(frozen_target);
	group_add(p.pid);
	AWAIT(frozen_shared->progress > 2);
	storm_begin(&storm, p.pid, an_object());
	for (round = 0; round < 30; round++) {
		pairs = storm.pairs;
		group_freeze();
		group_thaw();
		progress = frozen_shared->progress;
		AWAIT(frozen_shared->progress > progress + 2);
		AWAIT(storm.pairs > pairs + 1);
	}
	CHECK(storm_end(&storm) > 60);
	frozen_shared->dismissed = 1;
	CHECK(peer_status(&p) == 0);
	return 0;
}

#endif
