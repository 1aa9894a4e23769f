/*
 * A service under random and mutated requests, over connections and at a desk,
 * and under kills of either side in the middle of calls: each order does what it
 * says or nothing, nothing leaks, the service goes on, and no call hangs.
 *
 *   svc_soak_of_requests_and_kills [REQUESTS KILLS]
 *
 * make soak runs it with ten million and ten thousand.
 *
 * time-limit: 60
 */
#include "caller.h"
#include "service.h"

static struct peer target;
static uint64_t seed;
static unsigned long answered, refused, skipped;

static uint64_t random_word(void)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return seed;
}

#define OWN_WIDTH (sizeof(void *) * 8)

static int is_width(const struct order *o) { return o->kind >> 32 == 32 || o->kind >> 32 == 64; }

#if defined(MAP_32BIT)
#define FLAGS_OF_THE_PROCESSOR (MAP_32BIT | 0x80)
#else
#define FLAGS_OF_THE_PROCESSOR 0
#endif
#if defined(__aarch64__)
#define PROTECTIONS 0x3f	/* PROT_BTI and PROT_MTE, too */
#else
#define PROTECTIONS 0xf
#endif

/* Whether the service must take it for an order (src/service/protocol.rs), said once more. */
static int is_order(const struct order *o)
{
	const uint64_t page = check_page(), flags_of_mmap = MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS |
		MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_NORESERVE | MAP_STACK | MAP_HUGETLB | MAP_SYNC |
		MAP_FIXED_NOREPLACE | FLAGS_OF_THE_PROCESSOR;
	uint64_t known = flags_of_mmap | (o->flags & MAP_HUGETLB ? 0xfc000000u : 0), good = order_of(0).form;
	if (o->form != good || !is_width(o))
		return 0;
	if (o->kind >> 32 < OWN_WIDTH)
		return 1;	/* a narrower caller is answered, too */
	switch ((uint32_t)o->kind) {
	case ORDER_NOTHING:
		return !(o->addr | o->len | o->prot | o->flags | o->off | o->guard | o->bits);
	case ORDER_MAP:
		return o->prot <= PROTECTIONS && !(o->flags & ~known) && ((o->flags & 0xf) == MAP_SHARED || (o->flags & 0xf) == MAP_PRIVATE) &&
			(o->flags & MAP_ANONYMOUS) && !(o->bits & ~6ull) && o->len && o->len % page == 0 &&
			o->addr % page == 0 && o->off % page == 0 && o->guard % page == 0 && o->guard <= o->len;
	case ORDER_UNMAP:
		return !(o->prot | o->flags | o->off | o->guard | o->bits) && o->len && o->len % page == 0 && o->addr % page == 0;
	case ORDER_RANGE:
		return !(o->flags | o->off | o->guard | o->bits) && o->prot >= 1 && o->prot <= 4;
	case ORDER_REGION:
		return !(o->flags | o->off | o->guard | o->bits) && o->prot >= 1 && o->prot <= 3 &&
			o->len && o->len % page == 0 && o->addr % page == 0 && o->addr + o->len > o->addr;
	}
	return 0;
}

/* Real orders that would take the target's own memory are not for this test. */
static int would_do_harm(const struct order *o)
{
	if (o->form != order_of(0).form || !is_width(o) || o->kind >> 32 < OWN_WIDTH)
		return 0;
	switch ((uint32_t)o->kind) {
	case ORDER_MAP: return (o->flags & MAP_FIXED) || o->len > 1 << 20 || (o->flags & (MAP_GROWSDOWN | MAP_HUGETLB));
	case ORDER_UNMAP: return 1;
	case ORDER_RANGE: return o->len > 1 << 20;
	}
	return 0;
}

static struct order a_request(void)
{
	struct order o;
	switch (random_word() % 6) {
	case 0: o = order_of(ORDER_NOTHING); break;
	case 1: o = order_of(ORDER_UNMAP), o.addr = 0x200000000, o.len = check_page(); break;
	case 2: o = order_of(ORDER_RANGE), o.addr = 0x200000000, o.len = check_page(), o.prot = 1 + random_word() % 4; break;
	case 3: o = order_of(ORDER_REGION), o.addr = 0x200000000, o.len = check_page(), o.prot = 1 + random_word() % 3; break;
	default: o = order_to_map(check_page() * (1 + random_word() % 4));
	}
	for (unsigned i = random_word() % 4; i > 0; i--)
		((unsigned char *)&o)[random_word() % sizeof o] ^= (unsigned char)(1u << random_word() % 8);
	if (random_word() % 50 == 0)
		for (size_t i = 0; i < sizeof o; i++)
			((unsigned char *)&o)[i] = (unsigned char)random_word();
	return o;
}

static int connection = -1;

static void unmap_again(const struct order *o, const struct answer *a)
{
	struct order u = order_of(ORDER_UNMAP);
	struct answer done;
	if ((uint32_t)o->kind != ORDER_MAP || a->kind != 1 || o->kind >> 32 < OWN_WIDTH)
		return;
	u.addr = a->value, u.len = o->len;
	CHECK(send(connection, &u, sizeof u, 0) == sizeof u);
	CHECK(recv(connection, &done, sizeof done, 0) == sizeof done && done.kind == 1);
}

static void one_request(void)
{
	struct order o = a_request();
	struct answer a;
	ssize_t n;
	if (would_do_harm(&o)) {
		skipped++;
		return;
	}
	if (connection == -1)
		CHECK((connection = service_connect(target.pid)) != -1);
	CHECK(send(connection, &o, sizeof o, MSG_NOSIGNAL) == sizeof o);
	n = recv(connection, &a, sizeof a, 0);
	if (is_order(&o) != (n == (ssize_t)sizeof a))
		fprintf(stderr, "%zd (errno %d), answer %llu, to kind %#llx addr %#llx len %#llx prot %#llx flags %#llx off %#llx guard %#llx bits %#llx\n",
			n, errno, (unsigned long long)a.kind, (unsigned long long)o.kind, (unsigned long long)o.addr,
			(unsigned long long)o.len, (unsigned long long)o.prot, (unsigned long long)o.flags,
			(unsigned long long)o.off, (unsigned long long)o.guard, (unsigned long long)o.bits);
	if (is_order(&o)) {
		CHECK(n == sizeof a && a.form == o.form && a.kind >= 1 && a.kind <= 5);
		unmap_again(&o, &a);
		answered++;
	} else {
		CHECK(n == 0 || (n == -1 && errno == ECONNRESET));
		close(connection);
		connection = -1;
		refused++;
	}
}

/* ---- A desk, misused ------------------------------------------------------ */

static void at_a_desk(unsigned long requests)
{
	int file = memfd_create("desk", MFD_CLOEXEC | MFD_ALLOW_SEALING), unsealed = memfd_create("desk", MFD_CLOEXEC);
	struct answer a;
	volatile struct desk *d;
	int has_desks = 0, pidfd;
	socklen_t size = sizeof pidfd;
	CHECK(ftruncate(file, (off_t)check_page()) == 0 && ftruncate(unsealed, (off_t)check_page()) == 0);
	for (int sealed = 0; sealed < 2; sealed++) {
		int fd = sealed ? file : unsealed, to = service_connect(target.pid);
		CHECK(!sealed || fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
		a = desk_offer(to, fd);
		/* One that can shrink is refused; without SO_PEERPIDFD (Linux 6.5) each is. */
		has_desks = getsockopt(to, SOL_SOCKET, 77 /* SO_PEERPIDFD */, &pidfd, &size) == 0 && close(pidfd) == 0;
		CHECK(a.kind == (sealed && has_desks ? 1 : 5));
		close(to);
	}
	if (!has_desks) {
		puts("no desks before Linux 6.5");
		return;
	}
	d = mmap(NULL, check_page(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CHECK(d != MAP_FAILED);
	for (unsigned long i = 0; i < requests; i++) {
		struct order o = a_request();
		/* A mapping could not be told from another, and so not be taken away. */
		if (would_do_harm(&o) || ((uint32_t)o.kind == ORDER_MAP && is_order(&o)))
			continue;
		*(struct order *)&d->order = o;
		d->object = (int32_t)random_word() % 64;
		d->turn = random_word() % 8 ? 1 : (uint32_t)random_word() % 9;
		if (random_word() % 2 == 0)
			d->watched = (uint32_t)random_word() % 2;
		syscall(SYS_futex, &d->turn, 1, 1, NULL, NULL, 0);
		if (random_word() % 16 == 0)
			sched_yield();
	}
	munmap((void *)d, check_page());
	close(file), close(unsealed);
}

/* ---- Kills ----------------------------------------------------------------- */

static void call_for_ever(pid_t pid, int fd)
{
	for (unsigned long i = 0;; i++) {
		void *a = mmap_peer(pid, NULL, check_page(), READ_WRITE, i % 2 ? MAP_SHARED : PRIVATE_ANON, i % 2 ? fd : NOFD, 0);
		if (a == MAP_FAILED || munmap_peer(pid, a, check_page()) != 0)
			_exit(errno == ESRCH ? 0 : 9);
	}
}

static void kill_callers(unsigned long kills, int fd)
{
	for (unsigned long i = 0; i < kills; i++) {
		int status;
		pid_t pid = fork();
		CHECK(pid != -1);
		if (pid == 0)
			call_for_ever(target.pid, fd);
		usleep(random_word() % 2000);
		CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status));
	}
}

static void kill_targets(unsigned long kills, int fd)
{
	for (unsigned long i = 0; i < kills; i++) {
		struct peer victim = peer_start(serving_body);
		int status;
		pid_t pid;
		(void)peer_mapped(&victim, NULL);
		pid = fork();
		CHECK(pid != -1);
		if (pid == 0)
			call_for_ever(victim.pid, fd);
		usleep(random_word() % 2000);
		CHECK(kill(victim.pid, SIGKILL) == 0);
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);	/* ESRCH, and no hang */
		CHECK(waitpid(victim.pid, &status, 0) == victim.pid);
		close(victim.channel);
	}
}

/* ---- What is left ------------------------------------------------------------ */

static long service_descriptors(void)
{
	char path[300];
	struct dirent *e;
	long most = 0;
	snprintf(path, sizeof path, "/proc/%d/task", (int)target.pid);
	DIR *tasks = opendir(path), *fds;
	CHECK(tasks != NULL);
	while ((e = readdir(tasks)) != NULL) {
		long n = 0;
		if (e->d_name[0] == '.' || atoi(e->d_name) == target.pid)
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%s/fd", (int)target.pid, e->d_name);
		if ((fds = opendir(path)) == NULL)
			continue;
		while (readdir(fds) != NULL)
			n++;
		closedir(fds);
		most = n > most ? n : most;
	}
	closedir(tasks);
	return most;
}

int main(int argc, char **argv)
{
	unsigned long requests = argc > 2 ? strtoul(argv[1], NULL, 10) : (unsigned long)check_rounds(20000);
	unsigned long kills = argc > 2 ? strtoul(argv[2], NULL, 10) : (unsigned long)check_rounds(100);
	static char fds[8192], own[8192];
	int fd = marked_memfd('s');
	double began = check_now();
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	seed = (uint64_t)now.tv_nsec << 20 | 1;

	target = serving_peer();
	use_service(&target);
	fd_list(target.pid, fds, sizeof fds);
	long descriptors = service_descriptors();

	for (unsigned long i = 0; i < requests / 2; i++)
		one_request();
	at_a_desk(requests / 2);
	if (connection != -1)
		close(connection);
	use_service(&target);
	printf("%lu requests in %.0f s: %lu orders, %lu refused, %lu not sent\n", requests, check_now() - began, answered,
		refused, skipped);
	began = check_now();
	kill_callers(kills / 2, fd);
	kill_targets(kills / 2, fd);
	printf("%lu kills in %.0f s\n", kills, check_now() - began);

	use_service(&target);
	CHECK(thread_count(target.pid) == 3);
	/* What was mapped for a caller that was killed before its munmap_peer() stays. */
	AWAIT(service_descriptors() <= descriptors + 66);
	check_same_text("descriptors", fds, fd_list(target.pid, own, sizeof own));
	peer_dismiss(&target);
	return 0;
}
