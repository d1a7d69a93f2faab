// SPDX-License-Identifier: BSL-1.0
// The library as a module. Written by packaging/module/make; macros of the headers that its users
// need, such as SIGTERM, they include themselves.
module;

#include <daemonizer/command_line.hpp>
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>
#include <daemonizer/policy.hpp>
#include <daemonizer/take_option.hpp>
#include <daemonizer/service/control_result.hpp>
#include <daemonizer/service/service_paths.hpp>
#include <daemonizer/service/service_status.hpp>
#include <daemonizer/service/take_option.hpp>

export module daemonizer;

export namespace daemonizer::inline DAEMONIZER_ABI {
using daemonizer::AnyAbstractSocket;
using daemonizer::AnySignal;
using daemonizer::AnyTcp;
using daemonizer::AutoFork;
using daemonizer::BindTcp;
using daemonizer::Chroot;
using daemonizer::CleanEnvironment;
using daemonizer::CloseDescriptors;
using daemonizer::Composition;
using daemonizer::Confinement;
using daemonizer::ConnectTcp;
using daemonizer::ControlResult;
using daemonizer::Controllable;
using daemonizer::Daemonizer;
using daemonizer::DefaultSignals;
using daemonizer::DenySystemCalls;
using daemonizer::DescriptorNotify;
using daemonizer::DoubleFork;
using daemonizer::Escalation;
using daemonizer::Execute;
using daemonizer::Failure;
using daemonizer::FileHost;
using daemonizer::FileStdio;
using daemonizer::ForkPolicy;
using daemonizer::HandoffFork;
using daemonizer::IfExists;
using daemonizer::IgnoreSignals;
using daemonizer::JournalStdio;
using daemonizer::KeepCapabilities;
using daemonizer::KeepDescriptors;
using daemonizer::KeepDirectory;
using daemonizer::KeepSignals;
using daemonizer::KeepStdio;
using daemonizer::KeepUmask;
using daemonizer::Landlock;
using daemonizer::Limit;
using daemonizer::ListenSockets;
using daemonizer::LockHost;
using daemonizer::LockMemory;
using daemonizer::LogStdio;
using daemonizer::Monitor;
using daemonizer::NameService;
using daemonizer::NamesPidFile;
using daemonizer::Nice;
using daemonizer::NoCoreDumps;
using daemonizer::NoFork;
using daemonizer::NoLandlock;
using daemonizer::NoMonitor;
using daemonizer::NoNewPrivileges;
using daemonizer::NoNotify;
using daemonizer::NoPidFile;
using daemonizer::NoSockets;
using daemonizer::NoUpgrade;
using daemonizer::NullStdio;
using daemonizer::OomScore;
using daemonizer::PassedSocket;
using daemonizer::PassedSockets;
using daemonizer::PidFile;
using daemonizer::PidPolicy;
using daemonizer::Policy;
using daemonizer::PolicyFor;
using daemonizer::PosixHost;
using daemonizer::ProcessHost;
using daemonizer::ProcessName;
using daemonizer::ProgramText;
using daemonizer::ReadOnly;
using daemonizer::ReadWrite;
using daemonizer::ReportHost;
using daemonizer::Required;
using daemonizer::RequiredAbi;
using daemonizer::Result;
using daemonizer::RunAs;
using daemonizer::Running;
using daemonizer::Schedule;
using daemonizer::ServiceDirectory;
using daemonizer::ServiceName;
using daemonizer::ServicePath;
using daemonizer::ServiceStatus;
using daemonizer::SignalFd;
using daemonizer::SignalFlag;
using daemonizer::SignalHost;
using daemonizer::SignalPolicy;
using daemonizer::SingleFork;
#if defined(__cpp_exceptions)
using daemonizer::StartError;
#endif
using daemonizer::StartTimeout;
using daemonizer::StderrLog;
using daemonizer::StdioPolicy;
using daemonizer::Step;
using daemonizer::Syslog;
using daemonizer::SystemdNotify;
using daemonizer::Text;
using daemonizer::TextArgument;
using daemonizer::TextClass;
using daemonizer::Umask;
using daemonizer::Upgrade;
using daemonizer::UserFiles;
using daemonizer::Watchdog;
using daemonizer::WorkingDirectory;
using daemonizer::capabilities;
using daemonizer::command_line;
using daemonizer::configuration_path;
using daemonizer::descriptor_at_run_time;
using daemonizer::fixed_string;
using daemonizer::given_as_value;
using daemonizer::log_path;
using daemonizer::own_slot;
using daemonizer::phase;
using daemonizer::pid_file_of;
using daemonizer::pid_file_path;
using daemonizer::reload;
using daemonizer::restart;
using daemonizer::side;
using daemonizer::signal;
using daemonizer::slot_list;
using daemonizer::state_path;
using daemonizer::status;
using daemonizer::step;
using daemonizer::step_list;
using daemonizer::stop;
using daemonizer::system_calls;
using daemonizer::take_flag;
using daemonizer::take_option;
using daemonizer::undoable_step;
using daemonizer::wait_until_gone;
} // namespace daemonizer::inline DAEMONIZER_ABI

export namespace daemonizer::inline DAEMONIZER_ABI::capability {
using daemonizer::capability::dispositions;
using daemonizer::capability::final_process;
} // namespace daemonizer::inline DAEMONIZER_ABI::capability

export namespace daemonizer::inline DAEMONIZER_ABI::event {
using daemonizer::event::failed;
using daemonizer::event::for_manager;
using daemonizer::event::launched;
using daemonizer::event::not_launched;
using daemonizer::event::ready;
using daemonizer::event::reloading;
using daemonizer::event::restarted;
using daemonizer::event::starting;
using daemonizer::event::status;
using daemonizer::event::stopping;
} // namespace daemonizer::inline DAEMONIZER_ABI::event

export namespace daemonizer::inline DAEMONIZER_ABI::slots {
using daemonizer::slots::chroot;
using daemonizer::slots::descriptor_notify;
using daemonizer::slots::descriptors;
using daemonizer::slots::directory;
using daemonizer::slots::environment;
using daemonizer::slots::fork;
using daemonizer::slots::host;
using daemonizer::slots::ignored;
using daemonizer::slots::keep_capabilities;
using daemonizer::slots::landlock;
using daemonizer::slots::limit;
using daemonizer::slots::lock_memory;
using daemonizer::slots::log;
using daemonizer::slots::monitor;
using daemonizer::slots::nice;
using daemonizer::slots::no_core_dumps;
using daemonizer::slots::no_new_privileges;
using daemonizer::slots::notify;
using daemonizer::slots::oom_score;
using daemonizer::slots::pid;
using daemonizer::slots::process_name;
using daemonizer::slots::run_as;
using daemonizer::slots::signals;
using daemonizer::slots::sockets;
using daemonizer::slots::stdio;
using daemonizer::slots::system_calls;
using daemonizer::slots::timeout;
using daemonizer::slots::umask;
using daemonizer::slots::upgrade;
using daemonizer::slots::watchdog;
} // namespace daemonizer::inline DAEMONIZER_ABI::slots
