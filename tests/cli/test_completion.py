#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completion scripts: each shell that is installed reads its own and is asked what it would offer.

    test_completion.py PROGRAM SOURCE-DIR BUILD-DIR [WORD]      see harness.py
"""
import os
import pty
import re
import shlex
import shutil
import subprocess

from harness import TIMEOUT, Skip, main, sigilo, test, write

# zsh completes only where somebody types: an interactive shell takes each line as if it were typed.
ZSHRC = r'''
PROMPT=
autoload -Uz compinit
compinit -D -u
source ./.script
# notes every match that is really added; -A, -O and -D only filter arrays
compadd() {
    local -a hits
    if [[ -z ${@[(r)-[AOD]]} ]]; then
        builtin compadd -A hits "$@"
        print -rl -- $hits >>.hits
    fi
    builtin compadd "$@"
}
zle-line-init() {
    local line
    for line in "${(@f)$(<.lines)}"; do
        BUFFER=$line
        CURSOR=$#BUFFER
        print -r -- "> $line" >>.hits
        zle list-choices
    done
    exit
}
zle -N zle-line-init
'''


def shell(name, *args, **more):
    run = subprocess.run([name, *args], capture_output=True, text=True, timeout=TIMEOUT, check=False, **more)
    assert run.returncode == 0 and not run.stderr, f'{name}: exit {run.returncode}: {run.stderr}'
    return run.stdout


def ask_bash(lines):
    """bash hands the words over parted at blanks and at =, the last one being completed."""
    script = ['source ./.script']
    for line in lines:
        words = [w for w in re.split(r'\s+|(=)', line) if w]
        if line[-1] == ' ':
            words.append('')
        script += [f'COMP_WORDS=({" ".join(map(shlex.quote, words))})', f'COMP_CWORD={len(words) - 1}', '_sigilo',
                   'printf "> \\n"', 'printf "%s\\n" "${COMPREPLY[@]}"']
    return shell('bash', '--norc', '-c', '\n'.join(script)).split('> \n')[1:]


def ask_fish(lines):
    script = ['source ./.script']
    script += [f"echo '> '; complete -C {shlex.quote(line)}" for line in lines]
    home = os.path.join(os.getcwd(), '.home')  # it writes there
    env = dict(os.environ, HOME=home, XDG_CONFIG_HOME=home, XDG_DATA_HOME=home)
    answers = shell('fish', '--no-config', '-c', '\n'.join(script), env=env).split('> \n')[1:]
    cut = [re.sub(r'\t.*', '', answer) for answer in answers]
    return [re.sub(r'^--[\w-]+=', '', answer, flags=re.M) for answer in cut]


def ask_zsh(lines):
    write('.zshrc', ZSHRC)
    write('.lines', '\n'.join(lines))
    master, slave = pty.openpty()
    env = dict(os.environ, ZDOTDIR=os.getcwd(), TERM='dumb')
    with subprocess.Popen(['zsh', '-d', '-i'], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                          env=env) as child:
        os.close(slave)
        try:
            while os.read(master, 4096):
                pass
        except OSError:
            pass  # how a terminal ends
        finally:
            os.close(master)
        child.wait(TIMEOUT)
    with open('.hits', encoding='utf-8') as file:
        text = file.read()
    return re.split(r'^> .*\n', text, flags=re.M)[1:]


ASK = {'bash': ask_bash, 'fish': ask_fish, 'zsh': ask_zsh}


def ask(name, lines, *options):
    """What the shell offers at the end of each line, as sets."""
    write('.script', sigilo(*options, 'completion', name, want=0).out)
    shell(name, '-n', '.script')
    answers = ASK[name](lines)
    assert len(answers) == len(lines), answers
    return [{word.rstrip('/').replace('\\ ', ' ') for word in answer.split('\n') if word and word[0] != '.'}
            for answer in answers]


def commands():
    text = sigilo('--help', want=0).out.decode()
    found = re.findall(r'^  ([a-z]+) +\w', re.search(r'Commands:\n(.*?)\n\n', text, re.S)[1], re.M)
    assert 'anonymize' in found and 'completion' in found
    return found


def options(command):
    """Every option that its --help tells."""
    text = sigilo(*command, '--help', want=0).out.decode()
    return set(re.findall(r'^  (?:-\w, |    )(--[a-z0-9-]+)', text, re.M)) | set(re.findall(r'^  (-\w), --', text, re.M))


def each_shell(function):
    """The function, as a test for each shell."""
    def make(name):
        def run():
            if not shutil.which(name):
                raise Skip(f'{name} is not installed')
            function(name)
        run.__name__ = f'{name}_{function.__name__}'
        test(run)
    for name in ASK:
        make(name)


@each_shell
def offers_every_option_of_every_help(name):
    known = [[], *([command] for command in commands())]
    asked = ask(name, [' '.join(['sigilo', *command, '-']) for command in known])
    for command, offered in zip(known, asked):
        assert offered == options(command), (command, offered ^ options(command))


@each_shell
def offers_commands_words_and_files(name):
    for file in ('m.gguf', 'nota.txt', 'two words.txt', 'corpus/n.txt'):
        write(file, '')
    models, files = {'m.gguf', 'corpus'}, {'m.gguf', 'nota.txt', 'two words.txt', 'corpus'}
    if name == 'fish':
        models = files  # it puts models first, the rest after
    cases = {
        'sigilo ': set(commands()),
        'sigilo be': {'bench'},
        'sigilo --lang ': {'en', 'es'},
        'sigilo --lang es be': {'bench'},
        'sigilo --lang=es be': {'bench'},
        'sigilo bench ': models,
        'sigilo bench m.gguf ': set(),
        'sigilo bench -t 4 --json ': models,
        'sigilo bench m.gguf --kv ': {'f32', 'f16', 'q8_0'},
        'sigilo bench m.gguf --kv f': {'f32', 'f16'},
        'sigilo bench m.gguf --kv=q': {'q8_0'},
        'sigilo bench --kv=f16 -t 4 ': models,
        'sigilo bench --isa re': {'ref'},
        'sigilo bench --number ': set(),
        'sigilo quantize m.gguf out Q4_K': {'Q4_K_M', 'Q4_K_S'},
        'sigilo quantize m.gguf -t 2 out Q6': {'Q6_K'},
        'sigilo synth --type IQ': {'IQ4_NL', 'IQ4_XS'},
        'sigilo run m': {'m.gguf'},
        'sigilo run m.gguf -f not': {'nota.txt'},
        'sigilo chat --mirostat ': {'0', '2'},
        'sigilo chat --samplers top_k,temp': {'temperature' if name == 'zsh' else 'top_k,temperature'},
        'sigilo tokenize m.gguf ': set(),
        'sigilo template --chat-template-file not': {'nota.txt'},
        'sigilo anonymize ': files,
        'sigilo anonymize nota.txt not': {'nota.txt'},
        'sigilo anonymize --policy uru': {'uruguay'},
        'sigilo anonymize --policy not': {'nota.txt'},
        'sigilo anonymize --detectors rules,ta': {'tagger' if name == 'zsh' else 'rules,tagger'},
        'sigilo anonymize -o corp': {'corpus'},
        'sigilo eval ': {'corpus'},
        'sigilo eval corpus --operating-point ': {'default', 'f1'},
        'sigilo policy ': {'list', 'show', 'check'},
        'sigilo policy show med': {'meddocan'},
        'sigilo completion ': set(ASK),
    }
    for line, offered in zip(cases, ask(name, list(cases))):
        offered = {word for word in offered if word[0] != '-'}  # zsh, when no operand is left
        assert offered == cases[line], f'{line!r}: {offered}, not {cases[line]}'


@each_shell
def takes_descriptions_in_spanish(name):
    assert ask(name, ['sigilo inspect --te', 'sigilo --lang e'], '--lang', 'es') == [{'--tensors'}, {'en', 'es'}]


@test
def misuse_exits_2_and_says_what_there_is():
    for args in ([], ['csh'], ['bash', 'zsh'], ['--nosuch']):
        run = sigilo('completion', *args, want=2)
        assert run.err and not run.out, args
    assert 'bash, zsh or fish' in sigilo('completion', 'csh').err
    assert b'~/.bashrc' in sigilo('completion', '--help', want=0).out


@test
def a_full_disk_is_noticed():
    with open('/dev/full', 'wb') as full:
        assert sigilo('completion', 'zsh', want=1, stdout=full).err


main()
