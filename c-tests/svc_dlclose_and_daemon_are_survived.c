/*
 * A program that loads the library by dlopen(), serves and closes it again goes on
 * serving: the code stays. One that becomes a daemon (fork, a session of its own,
 * every descriptor closed) serves once it asks again. Nobody may be traced here.
 */
#include "caller.h"
#include "service.h"
#include "loading.h"

static int closes_the_library(int channel)
{
	int (*serve)(void);
	void *handle;
	mman_peer_serve_stop();
	copy_library("./another.so");
	handle = dlopen("./another.so", RTLD_NOW | RTLD_LOCAL);
	CHECK(handle != NULL);
	*(void **)&serve = dlsym(handle, "mman_peer_serve");
	CHECK(serve != NULL && serve() == 0);
	CHECK(dlclose(handle) == 0);
	return obedient_body(channel);
}

static int becomes_a_daemon(int channel)
{
	pid_t pid;
	CHECK_OK(mman_peer_serve());
	pid = fork();
	CHECK(pid != -1);
	if (pid != 0)
		_exit(0);
	CHECK(setsid() != -1 && chdir("/") == 0);
	for (int fd = 0; fd < 1024; fd++)
		if (fd != channel)
			close(fd);
	CHECK(open("/dev/null", O_RDWR) == 0 && dup(0) == 1 && dup(0) == 2);
	CHECK_OK(mman_peer_serve());
	tell_word(channel, (uintptr_t)getpid());
	_exit(obedient_body(channel));
}

int main(void)
{
	struct peer target;
	pid_t pid;
	forbid_tracing();
	target = peer_start(closes_the_library);
	(void)peer_mapped(&target, NULL);
	for (int i = 0; i < check_rounds(200); i++)
		use_service(&target);
	peer_dismiss(&target);

	target = peer_start(becomes_a_daemon);
	pid = (pid_t)hear_word(target.channel);
	CHECK(waitpid(target.pid, NULL, 0) == target.pid);
	target.pid = pid;
	for (int i = 0; i < check_rounds(200); i++)
		use_service(&target);
	close(target.channel);
	AWAIT(kill(pid, 0) == -1 && errno == ESRCH);
	return 0;
}
